# %% [markdown]
# # 41 From a wave to features
# A voice that we can change in one respect at a time, and a table of what each step of the usual recipe removes.
#
# 30 minutes · needs 03

# %% [markdown]
# ## Question
# A recording is a *wave*, 8,000 *samples* a second. A recogniser gets *features* instead: a few numbers for each
# hundredth of a second, similar wherever the same sound is spoken, whoever speaks. What is each step of the recipe for?
#
# We build voices to find out: a pulse for each vibration of the vocal folds (the *pitch*), and a filter, the mouth. Its
# two resonances, the [formants](README.md#speech), distinguish the vowels. A *word* is five vowels here.

# %%
import matplotlib.pyplot as plt
import numpy as np

from scratchtune.sequences.speech.cepstrum import log_mel, mel_filters, mfcc, normalise
from scratchtune.sequences.speech.spectrum import frame_starts, power_spectrum, preemphasis, window, windowed_frames

RATE, LENGTH, STEP, N_FFT = 8000, 200, 80, 256  # samples: a second, a frame of 25 ms, one every 10 ms
FORMANTS = {"i": (300.0, 2300.0), "e": (450.0, 1900.0), "a": (750.0, 1200.0), "o": (450.0, 850.0), "u": (320.0, 800.0)}
WORDS = ("iaueo", "ieaou", "ouaei", "aiueo", "eiuoa", "oaieu")


def speak(word, pitch=110.0, formants=1.0, loudness=1.0, microphone=0.0):
    """The samples of a word; ``pitch`` in hertz; factors for formants and loudness; α of the microphone's filter."""
    times, centres = np.arange(len(word) * 960), (np.arange(len(word)) + 0.5) * 960
    y = np.diff(np.floor(times * pitch / RATE), prepend=-1.0)  # a pulse where a new vibration begins
    for k, bandwidth in enumerate((80.0, 120.0)):
        hertz = formants * np.interp(times, centres, [FORMANTS[vowel][k] for vowel in word])
        x, y, r = y, np.zeros(len(y) + 2), np.exp(-np.pi * bandwidth / RATE)
        swing = 2.0 * r * np.cos(2.0 * np.pi * hertz / RATE)
        for t in range(len(x)):  # a resonance; y[t + 2] is the output at time t
            y[t + 2] = (1.0 - r) * x[t] + swing[t] * y[t + 1] - r * r * y[t]
        y = y[2:]
    y = preemphasis(y, microphone)  # the microphone weakens low frequencies
    return loudness * 0.1 * y / np.sqrt((y**2).mean()) + np.random.default_rng(0).normal(scale=1e-5, size=len(y))


# %% [markdown]
# ## Predict 1
# Take the word "iaueo". Which is more like it, sample by sample: the same wave a millisecond later, or another word?

# %%
low = speak("iaueo")
for name, wave in (("the same, 1 ms later", np.roll(low, 8)), ("another word", speak("ouaei"))):
    print(f"correlation with {name}: {np.corrcoef(low, wave)[0, 1]:.2f}")
# -> correlation with the same, 1 ms later: -0.51
# -> correlation with another word: 0.09

# %% [markdown]
# ## Answer 1
# Another word! So cut the wave into *frames* of 25 ms, in which the sound hardly changes; multiply each by a window w,
# which fades it in and out, and compute its power at each frequency, in which the exact time of a pulse is lost:
# - [windowed_frames] yₙₖ = x[aₙ + k] · wₖ
# - [power_spectrum] aₙₖ = Σₜ[xₙₜ · cos(2 · π · bₖ · t / m)] ; cₙₖ = Σₜ[xₙₜ · sin(2 · π · bₖ · t / m)] ;
#   pₙₖ = aₙₖ² + cₙₖ²

# %% [markdown]
# ## Predict 2
# Now change the voice in one respect: four times as loud; another microphone; 180 Hz instead of 110; or formants that
# are 10 % higher, as a smaller person has them. How far does that move the features? 1 means: as far as another word
# is. The next steps: the logarithm; 26 *mel* bands; 13 cosines (MFCC); normalising each feature of a clip to mean 0 and
# variance 1. Which step removes which change? Is there one that none removes?

# %%
CHANGES = {"4x as loud": {"loudness": 4.0}, "microphone": {"microphone": 0.9}, "pitch 180": {"pitch": 180.0},
           "formants": {"formants": 1.1}}
waves = {name: [speak(word, **change) for word in WORDS] for name, change in {"none": {}, **CHANGES}.items()}


def spectra(wave):
    frames = windowed_frames(preemphasis(wave, 0.97), frame_starts(len(wave), LENGTH, STEP), window("hann", LENGTH))
    return power_spectrum(frames, np.arange(N_FFT // 2 + 1), N_FFT)


def log_mels(wave):
    return log_mel(spectra(wave), mel_filters(26, N_FFT, RATE, 0.0, 4000.0), 1e-10)


def distance(a, b):
    return np.linalg.norm(a - b, axis=1).mean()  # frame by frame: all words are equally long here


def row(title, stage):
    """How far each change moves the features of a stage, in mean distances between two words."""
    features = {name: [stage(wave) for wave in each] for name, each in waves.items()}
    unit = np.mean([distance(a, b) for i, a in enumerate(features["none"]) for b in features["none"][:i]])
    moved = [np.mean([distance(*pair) for pair in zip(features["none"], features[name], strict=True)]) / unit
             for name in CHANGES]
    print(f"{title:20}" + "".join(f"{value:12.2f}" for value in moved))


print(" " * 20 + "".join(f"{name:>12}" for name in CHANGES))
row("power spectrum", spectra)
row("log power spectrum", lambda wave: np.log(spectra(wave)))
row("log-mel", log_mels)
row("MFCC", lambda wave: mfcc(log_mels(wave), 13))
row("log-mel, normalised", lambda wave: normalise(log_mels(wave), 1e-8))
# ->                       4x as loud  microphone   pitch 180    formants
# -> power spectrum             10.70        0.94        0.80        0.56
# -> log power spectrum          1.35        1.16        0.90        0.49
# -> log-mel                     1.19        0.85        0.27        0.36
# -> MFCC                        1.19        0.86        0.18        0.35
# -> log-mel, normalised         0.00        0.02        0.11        0.23

# %%
fig, axes = plt.subplots(2, 2, num="41-pitch", figsize=(10, 5.6), sharex=True, layout="constrained")
for line, pitch in zip(axes, (110.0, 180.0), strict=True):
    wave = speak("iaueo", pitch=pitch)
    for ax, image, top in ((line[0], np.log(spectra(wave)), 4000), (line[1], normalise(log_mels(wave), 1e-8), 26)):
        ax.imshow(image.T, origin="lower", aspect="auto", extent=(0, 0.6, 0, top))
        ax.set(ylabel="frequency in hertz" if top > 26 else "mel filter")
        ax.grid(False)
    line[0].set_title(f"pitch {pitch:.0f} Hz: log power spectrum")
    line[1].set_title(f"pitch {pitch:.0f} Hz: log-mel, normalised")
fig.supxlabel("time in seconds")

# %% [markdown]
# ## Answer 2
# The *mel filters* remove most of the pitch: they add up the power in bands, wider than the stripes on the left of the
# picture, its harmonics. The *logarithm* turns a factor, such as loudness, into a constant that is added, and
# *normalising* subtracts what was added to a feature in all frames: loudness and microphone vanish.
# - [hz_to_mel] mᵢ = 2595 · log(1 + fᵢ / 700) / log(10)
# - [log_mel] yₙₘ = log(max(Σₖ[pₙₖ · wₘₖ], ε))
# - [cmvn] μₖ = meanₜ[xₜₖ] ; σₖ = √(meanₜ[(xₜₖ − μₖ)²]) ; yₜₖ = (xₜₖ − μₖ) / max(σₖ, ε)
#
# No step removes the formants of another person: that is left to the network, and needs many voices. With other words
# and other voices: the mel filters at least halve what the pitch changes (in 20 of 20 draws [41a]), and after
# normalising the formants change more than loudness and microphone together (in 20 of 20 draws [41b]).

# %% [markdown]
# ## Predict 3
# What does normalising remove in a clip of a single vowel?

# %%
for name, stage in (("log-mel", log_mels), ("normalised", lambda wave: normalise(log_mels(wave), 1e-8))):
    a, e, higher = map(stage, (speak("aaaaa"), speak("eeeee"), speak("aaaaa", pitch=180.0)))
    print(f"{name:10}: another vowel is {distance(a, e):.1f} away, another pitch {distance(a, higher):.1f}")
# -> log-mel   : another vowel is 15.9 away, another pitch 2.9
# -> normalised: another vowel is 4.1 away, another pitch 6.8

# %% [markdown]
# ## Answer 3
# The vowel: it is the same in all frames. So normalise clips in which several sounds occur, or a speaker's together.

# %% [markdown]
# ## Exercise
# `power` has the power spectrum of each frame, (frames, bins), and `filters` the weights of each mel filter,
# (filters, bins). Return the normalised log-mel features, (frames, filters): energies below 1e-10 count as 1e-10, and a
# feature that is the same in all frames becomes 0. Check it with `python -m lessons check 41`.


# %%
def features(power, filters):
    raise NotImplementedError
