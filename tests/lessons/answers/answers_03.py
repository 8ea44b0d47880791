"""Exercise 03: wrong answers of readers, each with a part of the hint that names its mistake."""

def equal_is_dropped(f, theta, alpha, steps):
    J, g = f(theta)
    for _ in range(steps):
        new = theta - alpha * g
        new_J, new_g = f(new)
        if new_J < J:
            theta, J, g = new, new_J, new_g
        else:
            alpha /= 2
    return theta, alpha


def halves_and_keeps(f, theta, alpha, steps):
    J, g = f(theta)
    for _ in range(steps):
        theta = theta - alpha * g
        new_J, g = f(theta)
        if new_J > J:
            alpha /= 2
        J = new_J
    return theta, alpha


def steps_in_place(f, theta, alpha, steps):
    J, g = f(theta)
    for _ in range(steps):
        new = theta
        new -= alpha * g
        new_J, new_g = f(new)
        if new_J <= J:
            theta, J, g = new, new_J, new_g
        else:
            alpha /= 2
    return theta, alpha


def compares_with_the_first_loss(f, theta, alpha, steps):
    first, g = f(theta)
    for _ in range(steps):
        new = theta - alpha * g
        new_J, new_g = f(new)
        if new_J <= first:
            theta, g = new, new_g
        else:
            alpha /= 2
    return theta, alpha


def gradient_of_the_start(f, theta, alpha, steps):
    J, g = f(theta)
    for _ in range(steps):
        new = theta - alpha * g
        new_J, _ = f(new)
        if new_J <= J:
            theta, J = new, new_J
        else:
            alpha /= 2
    return theta, alpha


def uphill(f, theta, alpha, steps):
    for _ in range(steps):
        J, g = f(theta)
        new = theta + alpha * g
        if f(new)[0] <= J:
            theta = new
        else:
            alpha /= 2
    return theta, alpha


def halves_within_an_attempt(f, theta, alpha, steps):
    for _ in range(steps):
        J, g = f(theta)
        for _ in range(60):
            if f(theta - alpha * g)[0] <= J:
                break
            alpha /= 2
        theta = theta - alpha * g
    return theta, alpha


def gradient_of_the_dropped_step(f, theta, alpha, steps):
    J, g = f(theta)
    for _ in range(steps):
        new = theta - alpha * g
        new_J, g = f(new)
        if new_J <= J:
            theta, J = new, new_J
        else:
            alpha /= 2
    return theta, alpha


def ends_at_the_first_dropped_step(f, theta, alpha, steps):
    for _ in range(steps):
        J, g = f(theta)
        new = theta - alpha * g
        if f(new)[0] > J:
            alpha /= 2
            break
        theta = new
    return theta, alpha


def loss_of_the_dropped_step(f, theta, alpha, steps):
    J, g = f(theta)
    for _ in range(steps):
        new = theta - alpha * g
        new_J, new_g = f(new)
        if new_J <= J:
            theta, g = new, new_g
        else:
            alpha /= 2
        J = new_J
    return theta, alpha


WRONG = [
    ("A step that leaves J as it was", equal_is_dropped),
    ("A step that makes J grow is kept.", halves_and_keeps),
    ("A step is made on theta itself", steps_in_place),
    ("The new J is compared with the", compares_with_the_first_loss),
    ("The gradient is that of the first", gradient_of_the_start),
    ("The step goes uphill: the sign", uphill),
    ("`steps` counts the steps that are", halves_within_an_attempt),
    ("After a dropped step the next one", gradient_of_the_dropped_step),
    ("The descent ends at the first dropped", ends_at_the_first_dropped_step),
    ("After a dropped step the next J", loss_of_the_dropped_step),
]
