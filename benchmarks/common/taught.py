"""Which lesson teaches a formula: it shows the line beside a number. `TECHNICAL` are the others, each with the reason.

A gradient is taught with the line that it differentiates.
"""

from __future__ import annotations

import re
from pathlib import Path

from scratchtune import formulas
from scratchtune.core.network.activations import ACTIVATIONS

SHOWN = re.compile(r"^# - \[(\w+)\]", re.MULTILINE)
TECHNICAL: dict[str, tuple[str, ...]] = {reason: tuple(names.split()) for reason, names in {
    "the same value as a taught line, computed so that it is fast or does not overflow":
        "exp_nonpositive expm1_nonpositive vector_tanh exp_in_place softmax_crossentropy sigmoid_crossentropy "
        "clipped_probabilities clipped_normal_mean log_of_fraction log_up_to_3 log_sum log_sum_of_two log_improvement "
        "log_probability_of_improvement log_normal_pdf log_normal_cdf log_truncated_normal_cell "
        "merged_mean_and_variance dct_basis scaled_distance matern52_grad_over_r log_likelihood_grad "
        "attention_scores_grad normalise",
    "arrays: a copy, a sum, a look-up, a mask":
        "one_hot category_one_hot planes column_sums column_sums_of_products column_scale add_bias add_entries "
        "add_steps transpose matmul_transposed rescale clear_padding look_up step_mask embedding category_embedding "
        "linear moving_average",
    "random numbers":
        "uniform cosine_of_turn normal",
    "a hyper-parameter on the unit interval and back":
        "linear_value linear_unit log_value log_unit cell_index cell_middle stepped_value rounded_log_value reflected",
    "the inverse of a taught line":
        "standard_scale_inverse min_max_scale_inverse mel_to_hz",
    "a variant of a taught line, described in its docstring":
        "softmax mean_squared_error mean_absolute_error huber rmsprop_momentum nadam nadam_momentum lion "
        "clip_by_value cosine_log_decay rough_kernel "
        "rough_kernel_grad_over_r parzen_scott_bandwidth roulette_shares uniform_crossover blend_crossover "
        "polynomial_step polynomial_mutation constraint_violation constrained_dominates confidence_bound "
        "feasible_acquisition standard_score window_maximum window_share window_mean nearest_index wrapped_index "
        "reflected_index rotation balanced_accuracy confusion_matrix trapezoids calibration_error "
        "average_precision batch_normalization scale_grad gru_reset_before lstm_gates lstm_state_grad "
        "hann hamming preemphasis number_of_frames triangles dct deltas witten_bell length_penalty edit_step "
        "radical_inverse latin_hypercube balanced_weights category_rank normalized_weight_decay",
    "a correction of the searchers' model":
        "log_parameter_prior leave_one_out_error compressed_value effective_coverage",
    "figures of a report or of a stopping rule":
        "confidence_factor regret_bound selection_noise shrunken_means pair_noise spread_on_new_rows",
    "preparing a table's columns and target":
        "middle_shares robust_factor robust_scale smooth_clip skewness smearing_factor",
    "a method without a lesson: CMA-ES":
        "cma_log_weights cma_selection_mass cma_learning_rates cma_weights cma_mean cma_path cma_expected_norm "
        "cma_step_size cma_longest_path cma_covariance cma_margin",
    "a method without a lesson: networks for tables":
        "column_linear periodic piecewise_encoding parametric_activation",
    "a method without a lesson: sound files, masks on spectrograms, alignment":
        "time_mask frequency_mask viterbi_step pcm_to_float mix_down flat_share energy_db sampling_times "
        "sinc_interpolation",
}.items()}


def lessons_of(texts: dict[int, Path]) -> dict[str, list[int]]:
    """The lessons that show each formula, by its ID; a gradient's are its own and those of the line differentiated."""
    shown: dict[str, list[int]] = {}
    for number, path in texts.items():
        for name in dict.fromkeys(SHOWN.findall(path.read_text(encoding="utf-8"))):
            shown.setdefault(name, []).append(number)
    found = {}
    for name, formula in formulas.registry().items():
        base = formula.gradient_of.id if formula.gradient_of else ""
        found[name] = sorted({*shown.get(name, []), *shown.get(base, [])})
    return found


def untaught(texts: dict[int, Path]) -> list[str]:
    """The formulas that no lesson shows and that are not marked as technical."""
    technical = {*ACTIVATIONS, *(name for names in TECHNICAL.values() for name in names)}  # lesson 06 compares some
    known = formulas.registry()
    bases = {name: each.gradient_of.id if each.gradient_of else name for name, each in known.items()}
    return [name for name, numbers in lessons_of(texts).items()
            if not numbers and not technical & {name, bases[name]}]
