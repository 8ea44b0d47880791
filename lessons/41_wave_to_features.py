# %% [markdown]
# # 26 From a wave to features
# What frames, window, mel filters, logarithm, cosine transform, deltas and normalisation do, each measured.
#
# Covers section 6.3 of the document.

# %% [markdown]
# ## Question
# A recording is a *wave*: 8,000 numbers a second or more, its *samples*. Two recordings of the same word can differ in
# every sample. A recogniser gets *features* instead: a few numbers for each hundredth of a second, which should be
# similar wherever the same sound is spoken, whoever speaks. Feature extraction is one of the choices in the document's
# section 6.3.
#
# The usual recipe has nine steps. What is each of them for?

# %% [markdown]
# ## Formulas
# - [preemphasis] yₜ = xₜ − α · x[t − 1]
# - [number_of_frames] n = floor((s − w) / h) + 1
# - [hann] wₖ = 0.5 − 0.5 · cos(2 · π · uₖ)
# - [power_spectrum] aₙₖ = Σₜ[xₙₜ · cos(2 · π · bₖ · t / m)] ; cₙₖ = Σₜ[xₙₜ · sin(2 · π · bₖ · t / m)] ;
#   pₙₖ = aₙₖ² + cₙₖ²
# - [hz_to_mel] mᵢ = 2595 · log(1 + fᵢ / 700) / log(10)
# - [triangles] wₘₖ = max(0, min((fₖ − aₘ) / (cₘ − aₘ), (bₘ − fₖ) / (bₘ − cₘ)))
# - [log_mel] yₙₘ = log(max(Σₖ[pₙₖ · wₘₖ], ε))
# - [dct] cₙⱼ = Σₘ[yₙₘ · bₘⱼ]
# - [deltas] dₜₖ = Σᵢ[oᵢ · (x[min(t + oᵢ, #t − 1), k] − x[max(t − oᵢ, 0), k])] / (2 · Σᵢ[oᵢ²])
# - [cmvn] μₖ = meanₜ[xₜₖ] ; σₖ = √(meanₜ[(xₜₖ − μₖ)²]) ; yₜₖ = (xₜₖ − μₖ) / max(σₖ, ε)
#
# In words: *pre-emphasis* makes high frequencies stronger, which are weak in speech. The recording, or *clip*, is
# divided into *frames*, short parts that overlap. Each is multiplied by a *window*, which fades it in and out. Its
# *power spectrum* is the power at each frequency. The *mel* is a unit of pitch: equal steps in mel sound equally large.
# *Mel filters* add up the power in bands that are equally wide in mel. The logarithms of these sums are the *log-mel*
# features. A cosine transform of these gives the *mel-frequency cepstral coefficients* (MFCC). *Deltas* are the rate of
# change of each feature. *Cepstral mean and variance normalisation* (CMVN) gives each feature of a clip mean 0 and
# variance 1; it is used for log-mel features too.

# %% [markdown]
# ## Predict
# 1. A clip of one second has 8,000 samples. Frames are 25 ms long, and one begins every 10 ms. How many frames fit?
# 2. A frame holds a pure tone and nothing else. How much of its energy is more than 100 Hz away from the tone?
# 3. Which step sounds larger, in mel: from 300 to 600 Hz, or from 3,000 to 3,300 Hz? By what factor?
# 4. The amplitude of a voice is four times as large. How much larger is each log-mel feature?
# 5. One voice is higher than another, and has another microphone. Which step removes which of these differences?

# %% [markdown]
# ## Code: a voice
# We need voices that we can change in one respect at a time, so we build them. A voice is a *source* and a *filter*.
# The source is one pulse for each vibration of the vocal folds; the number of vibrations a second is the voice's
# *pitch*. The filter is the mouth, a tube whose resonances, the *formants*, make some frequencies stronger. The first
# two formants distinguish the vowels. A resonance of frequency f with bandwidth b turns the samples x into
# y[t] = (1 − r) · x[t] + 2 · r · cos(2π · f / rate) · y[t−1] − r² · y[t−2], with r = exp(−π · b / rate).
#
# A *word* is five vowels here, and the formants move from one to the next.

# %%
import matplotlib.pyplot as plt
import numpy as np

from scratchtune.sequences.speech import Features
from scratchtune.sequences.speech.cepstrum import OFFSETS, deltas, hz_to_mel, log_mel, mel_filters, mfcc, normalise
from scratchtune.sequences.speech.spectrum import (
    frame_starts,
    number_of_frames,
    power_spectrum,
    preemphasis,
    window,
    windowed_frames,
)

RATE, LENGTH, STEP = 8000, 200, 80  # samples: a second, a frame of 25 ms, from frame to frame 10 ms
N_FFT = 256  # samples of the Fourier transform: a frame and zeros, to a power of 2
FORMANTS = {"i": (300.0, 2300.0), "e": (450.0, 1900.0), "a": (750.0, 1200.0), "o": (450.0, 850.0), "u": (320.0, 800.0)}
WORDS = ("iaueo", "ieaou", "ouaei", "aiueo", "eiuoa", "oaieu", "ueoia", "euoai")
MEL = mel_filters(26, N_FFT, RATE, 0.0, 4000.0)


def tracks(word, seconds=0.12):
    """The two formants at each sample of a word, in hertz."""
    times = np.arange(round(seconds * len(word) * RATE)) / RATE
    centres = (np.arange(len(word)) + 0.5) * seconds
    return [np.interp(times, centres, [FORMANTS[vowel][k] for vowel in word]) for k in (0, 1)]


def speak(word, pitch=110.0, formants=1.0, loudness=1.0, microphone=0.0):
    """The samples of a word; ``pitch`` in hertz; factors for formants and loudness; α of the microphone's filter."""
    frequencies = tracks(word)
    turns = np.floor(np.arange(len(frequencies[0])) * pitch / RATE)
    y = np.diff(turns, prepend=-1.0)  # a pulse where a new vibration begins
    for hertz, bandwidth in zip(frequencies, (80.0, 120.0), strict=True):
        x, y, r = y, np.zeros(len(y) + 2), np.exp(-np.pi * bandwidth / RATE)
        swing = 2.0 * r * np.cos(2.0 * np.pi * formants * hertz / RATE)
        for t in range(len(x)):  # y[t + 2] is the output at time t
            y[t + 2] = (1.0 - r) * x[t] + swing[t] * y[t + 1] - r * r * y[t]
        y = y[2:]
    y = preemphasis(y, microphone)  # the microphone weakens low frequencies
    noise = np.random.default_rng(0).normal(scale=1e-5, size=len(y))
    return loudness * 0.1 * y / np.sqrt((y**2).mean()) + noise


low = speak("iaueo")
comparisons = {"the same wave, a millisecond later": np.roll(low, 8),
               "the same word, pitch 180 Hz": speak("iaueo", pitch=180.0), "another word": speak("ouaei")}
print(f"a word: {len(low) / RATE} s, {len(low):,} samples")
for name, wave in comparisons.items():
    print(f"correlation of the samples with {name}: {np.corrcoef(low, wave)[0, 1]:.2f}")
# -> a word: 0.6 s, 4,800 samples
# -> correlation of the samples with the same wave, a millisecond later: -0.51
# -> correlation of the samples with the same word, pitch 180 Hz: -0.06
# -> correlation of the samples with another word: 0.09

# %% [markdown]
# The same wave a millisecond later is less like the original, sample by sample, than another word is. The power at each
# frequency is more useful. But it changes from vowel to vowel, so a word is divided into frames that are so short that
# the sound hardly changes within one.
#
# Short frames have a disadvantage: the shorter the frame, the wider the peak of a single tone in its spectrum. We
# measure both: the width of the peak at half its height, and how far the second formant moves within a frame, on
# average.


# %%
def tone_spectrum(length, kind):
    """Power at 0, 2 .. 4,000 Hz of a frame, a tone of 1,015 Hz and a weak one of 2,000; the width of the peak in Hz."""
    times = np.arange(length) / RATE
    tone = np.sin(2 * np.pi * 1015 * times) + 0.001 * np.sin(2 * np.pi * 2000 * times)
    shape = np.ones(length) if kind == "none" else window(kind, length)
    power = power_spectrum((tone * shape)[None], np.arange(2001), 4000)[0]
    return power, 2.0 * (power > 0.5 * power.max()).sum()


hertz = 2.0 * np.arange(2001)
second = tracks("iaueo")[1]
for milliseconds in (5, 25, 100):
    length = 8 * milliseconds
    moves = np.abs(second[length:] - second[:-length]).mean()
    print(f"frame of {milliseconds:3} ms: peak {tone_spectrum(length, 'hann')[1]:3.0f} Hz wide, "
          f"the formant moves by {moves:3.0f} Hz")
print("frames of 25 ms, every 10 ms, in a second:", number_of_frames(RATE, LENGTH, STEP))
# -> frame of   5 ms: peak 288 Hz wide, the formant moves by  30 Hz
# -> frame of  25 ms: peak  56 Hz wide, the formant moves by 151 Hz
# -> frame of 100 ms: peak  16 Hz wide, the formant moves by 563 Hz
# -> frames of 25 ms, every 10 ms, in a second: 98

# %% [markdown]
# ## Code: the window
# A frame is cut out of the wave, and its edges are jumps that were not in the sound. A jump contains all frequencies,
# so energy of the tone *leaks* to frequencies at which there is no tone. A window lets the frame begin and end at 0, or
# near 0.

# %%
leaked = {}
for kind in ("none", "hann", "hamming"):
    power, width = tone_spectrum(LENGTH, kind)
    share = power[np.abs(hertz - 1015) > 100].sum() / power.sum()
    weak = power[np.abs(hertz - 2000) < 20].max() / power[np.abs(hertz - 1800) < 20].max()
    leaked[kind] = share, width, weak
    print(f"window {kind:8} {100 * share:5.2f} % of the energy is over 100 Hz off; peak {width:.0f} Hz wide; "
          f"2,000 Hz has {weak:.2f} x the power of 1,800")
# -> window none      4.07 % of the energy is over 100 Hz off; peak 36 Hz wide; 2,000 Hz has 0.64 x the power of 1,800
# -> window hann      0.02 % of the energy is over 100 Hz off; peak 56 Hz wide; 2,000 Hz has 568.44 x the power of 1,800
# -> window hamming   0.03 % of the energy is over 100 Hz off; peak 52 Hz wide; 2,000 Hz has 0.65 x the power of 1,800

# %%
fig, axes = plt.subplots(1, 3, num="26-frame", figsize=(14, 3.9), layout="constrained")
times, here, shape = np.arange(len(low)) / RATE, slice(1400, 1400 + LENGTH), window("hann", LENGTH)
axes[0].plot(times, low, lw=0.7)
axes[0].axvspan(times[here][0], times[here][-1], color="C1", alpha=0.4, lw=0, label="one frame")
axes[0].set(xlabel="time in seconds", ylabel="sample", title="The wave of the word \"iaueo\"")
axes[1].plot(1000 * times[here], low[here], color="0.6", lw=1.5, label="frame")
axes[1].plot(1000 * times[here], low[here] * shape, lw=1.5, label="times the window")
axes[1].plot(1000 * times[here], low[here].max() * shape, "k--", lw=1, label="Hann window (scaled)")
axes[1].set(xlabel="time in milliseconds", ylabel="sample", title="A frame of 25 ms", ylim=(-0.25, 0.36))
for kind, color in (("none", "0.6"), ("hann", "C0")):
    power, _ = tone_spectrum(LENGTH, kind)
    axes[2].plot(hertz, 10 * np.log10(power / power.max()), color=color, lw=1.3,
                 label="no window" if kind == "none" else "Hann window")
axes[2].axvline(2000, color="C1", ls=":", lw=1.2, label="the weak tone")
axes[2].set(xlabel="frequency in hertz", ylabel="power in decibels", title="A strong and a weak tone", ylim=(-110, 5))
for ax in axes:
    ax.legend(loc="upper right", fontsize=8)

# %% [markdown]
# ## Check: frames and windows
# Predict 1: 98, not 100. Two more would begin at 0.98 and 0.99 s, but the clip ends before they do. Whether they are
# left out or filled with zeros differs between libraries ([number_of_frames], *Variant*). With frames of 5 ms, the peak
# is more than half as wide as the 480 Hz between the formants of "u"; with frames of 100 ms, the second formant moves
# by more than 500 Hz, from one vowel to another. 25 ms is the usual compromise.
#
# Predict 2: 4 % without a window. That seems little, but it hides the weak tone: there is less power at 2,000 Hz than
# at 1,800 Hz, where there is no tone. With the Hann window it is 0.02 %, and the weak tone is visible; the peak becomes
# wider. The Hamming window does not fall to 0 at its ends, so it leaks more than the Hann window far away from the
# tone.

# %%
assert number_of_frames(RATE, LENGTH, STEP) == 98
assert leaked["none"][0] > 0.04 > 100 * leaked["hann"][0] and leaked["none"][1] < leaked["hann"][1]
assert max(leaked["none"][2], leaked["hamming"][2]) < 1 < 500 < leaked["hann"][2]

# %% [markdown]
# ## Code: mel filters, logarithm, cosine transform, deltas
# The Fourier transform of 256 samples gives the power at 129 frequencies, the *bins*: 0, 31.25, 62.5 .. 4,000 Hz. This
# spectrum shows the formants, but also the single harmonics of the voice, which are multiples of the pitch. A mel
# filter adds up a band of bins. Most filters are wider than the distance between two harmonics, and they are widest at
# high frequencies, where hearing is less exact. The cosine transform writes the 26 log energies as a sum of cosines,
# from slow ones to fast ones. The first 13 coefficients describe the shape of the spectrum, smoothed. Deltas describe
# how the sound changes: the frames in the middle of "ia" and of "ai" are alike, but the sound moves in opposite
# directions.


# %%
HANN = window("hann", LENGTH)


def spectra(wave, shape=HANN):
    """The power spectrum of each frame, after pre-emphasis and times a window of that shape."""
    frames = windowed_frames(preemphasis(wave, 0.97), frame_starts(len(wave), LENGTH, STEP), shape)
    return power_spectrum(frames, np.arange(N_FFT // 2 + 1), N_FFT)


def log_mels(wave, shape=HANN):
    """The logarithm of the energy in each of the 26 mel filters, for each frame."""
    return log_mel(spectra(wave, shape), MEL, 1e-10)


low_step, high_step = np.diff(hz_to_mel(np.array([[300.0, 600.0], [3000.0, 3300.0]])))[:, 0]
print(f"from 300 to 600 Hz: {low_step:.0f} mel; from 3,000 to 3,300 Hz: {high_step:.0f} mel")
print("bins of the spectrum in the first and in the last filter:", (MEL[0] > 0).sum(), (MEL[-1] > 0).sum())
growth = log_mels(speak("iaueo", loudness=4.0)) - log_mels(low)
print(f"four times as loud: log-mel features grow by {growth.min():.2f} to {growth.max():.2f}")
pair = [log_mels(speak(word)) for word in ("ia", "ai")]
middle = len(pair[0]) // 2
changes = [deltas(rows, OFFSETS)[middle] for rows in pair]
apart = np.linalg.norm(pair[0][middle] - pair[1][middle]) / np.linalg.norm(pair[0][0] - pair[1][0])
cosine = changes[0] @ changes[1] / np.linalg.norm(changes[0]) / np.linalg.norm(changes[1])
print(f"ia and ai: distance in the middle {apart:.2f} of that at the beginning; cosine of the deltas {cosine:.2f}")
widths = {"frames": LENGTH, "spectrum": 129, "log-mel": 26, "MFCC": 13, "MFCC with deltas": 26}
print(f"numbers a second: samples {RATE}", *(f"{stage} {98 * width}" for stage, width in widths.items()), sep=", ")
# -> from 300 to 600 Hz: 296 mel; from 3,000 to 3,300 Hz: 88 mel
# -> bins of the spectrum in the first and in the last filter: 3 19
# -> four times as loud: log-mel features grow by 2.75 to 2.80
# -> ia and ai: distance in the middle 0.06 of that at the beginning; cosine of the deltas -0.98
# -> numbers a second: samples 8000, frames 19600, spectrum 12642, log-mel 2548, MFCC 1274, MFCC with deltas 2548

# %%
fig, axes = plt.subplots(2, 2, num="26-stages", figsize=(13, 7.5), layout="constrained")
bins = np.arange(N_FFT // 2 + 1) * RATE / N_FFT
axes[0, 0].plot(bins, MEL.T, lw=1)
axes[0, 0].set(xlabel="frequency in hertz", ylabel="weight", title="26 mel filters: wider at high frequencies")
pictures = (
    ("Power spectrum, 129 numbers a frame", 10 * np.log10(spectra(low)), "frequency in hertz", "decibels", RATE / 2),
    ("Log-mel spectrogram, 26 numbers a frame", log_mels(low), "mel filter", "logarithm of energy", 26),
    ("MFCC, normalised, 13 numbers a frame", normalise(mfcc(log_mels(low), 13), 1e-8), "coefficient",
     "standard deviations from the mean", 13))
for ax, (title, image, unit, colour, top) in zip(axes.flat[1:], pictures, strict=True):
    drawn = ax.imshow(image.T, origin="lower", aspect="auto", extent=(0.0, len(low) / RATE, 0.0, top))
    fig.colorbar(drawn, ax=ax, label=colour)
    ax.set(xlabel="time in seconds", ylabel=unit, title=title)
    ax.grid(False)
for track in tracks("iaueo"):
    axes[0, 1].plot(np.arange(len(track)) / RATE, track, "w--", lw=1.2, label="formants")
axes[0, 1].legend(handles=axes[0, 1].lines[:1], loc="upper right", labelcolor="w")

# %% [markdown]
# ## Check: mel filters, logarithm, deltas
# Predict 3: the lower one, by a factor of 3.4. That is why the last filter covers 19 bins, and the first one 3.
#
# Predict 4: by log(4²) = 2.77, since power is the square of the amplitude. The number is the same in every filter and
# frame, so the shape of the spectrum does not change. (It differs a little where the noise matters, whose
# amplitude is unchanged.)
#
# The middle frames of "ia" and "ai" are nearly equal, and their deltas have opposite directions.

# %%
assert low_step > 3.0 * high_step and apart < 0.1 and cosine < -0.9
assert abs(np.median(growth) - np.log(16)) < 0.01 and growth.max() < np.log(16) + 0.1

# %% [markdown]
# ## Code: what each step removes
# Now we change the voice in one respect at a time: its amplitude is four times as large; its microphone weakens low
# frequencies; it speaks at 180 Hz instead of 110; its formants are 10 % higher, like those of a smaller person. How far
# does each change move the features of a word? We take the mean distance over frames and words, and divide it by the
# mean distance between two different words of the original voice. So 0 means that the change has vanished, and 1 that
# it is as large as the difference between two words. All words are equally long here; real ones must be aligned first.

# %%
CHANGES = {"4x as loud": {"loudness": 4.0}, "microphone": {"microphone": 0.9}, "pitch 180": {"pitch": 180.0},
           "formants": {"formants": 1.1}}
STAGES = {
    "power spectrum": spectra,
    "log power spectrum": lambda wave: np.log(spectra(wave)),
    "log-mel": log_mels,
    "MFCC": lambda wave: mfcc(log_mels(wave), 13),
    "log-mel, normalised": lambda wave: normalise(log_mels(wave), 1e-8),
    "MFCC, normalised": lambda wave: normalise(mfcc(log_mels(wave), 13), 1e-8),
}
waves = {name: [speak(word, **change) for word in WORDS] for name, change in {"none": {}, **CHANGES}.items()}


def distance(a, b):
    """The mean distance of the features of two clips, frame by frame."""
    return np.linalg.norm(a - b, axis=1).mean()


def table(stages):
    """How far each change moves the features of each stage, in distances between two words; printed as a table."""
    print(f"{'':34}" + "".join(f"{name:>12}" for name in CHANGES))
    found = {}
    for title, stage in stages.items():
        rows = {name: [stage(wave) for wave in each] for name, each in waves.items()}
        unit = np.mean([distance(a, b) for i, a in enumerate(rows["none"]) for b in rows["none"][:i]])
        found[title] = [np.mean([distance(*both) for both in zip(rows["none"], rows[name], strict=True)]) / unit
                        for name in CHANGES]
        print(f"{title:34}" + "".join(f"{value:12.2f}" for value in found[title]))
    return found


moved = table(STAGES)
# ->                                     4x as loud  microphone   pitch 180    formants
# -> power spectrum                           10.44        0.95        0.77        0.54
# -> log power spectrum                        1.36        1.18        0.91        0.49
# -> log-mel                                   1.20        0.86        0.27        0.36
# -> MFCC                                      1.20        0.87        0.19        0.36
# -> log-mel, normalised                       0.00        0.02        0.11        0.23
# -> MFCC, normalised                          0.00        0.03        0.25        0.49

# %% [markdown]
# ## Check: what each step removes
# Predict 5, from top to bottom:
#
# - The *logarithm* turns a factor into a constant that is added. In the power spectrum, the voice with four times the
#   amplitude is ten times as far away as another word; after the logarithm, it is about as far away as one.
# - The *mel filters* remove most of the pitch, as few of them show single harmonics: from 0.91 to 0.27.
# - The *cosine transform*, cut off after 13 coefficients, smooths once more: 0.19.
# - *Normalisation* subtracts what was added to a feature in all frames: loudness and microphone vanish.
# - No step removes the change of the formants. A network has to learn from many voices which vowels are the same.
#
# After normalisation, pitch and formants move the MFCC further than the log-mel features here. Every coefficient gets
# variance 1, including the last ones, which depend more on pitch and formants: see the rows for 8, 13 and 26
# coefficients below. In a distance all coefficients count equally; a network learns weights for them.
#
# `st.speech.Features` does all of these steps. The voices are synthetic, so the table shows what the steps do to such
# voices; real ones differ in many respects at once.

# %%
LOUD, MICROPHONE, PITCH, MOUTH = range(4)
assert moved["power spectrum"][LOUD] > 5 * moved["log power spectrum"][LOUD]
assert moved["MFCC"][PITCH] < moved["log-mel"][PITCH] < 0.4 * moved["log power spectrum"][PITCH]
assert max(moved[name][k] for name in ("log-mel, normalised", "MFCC, normalised") for k in (LOUD, MICROPHONE)) < 0.05
assert min(moved[name][MOUTH] for name in STAGES) > 0.2
assert np.allclose(Features(rate=RATE, n_mels=26, kind="log_mel")(low), STAGES["log-mel, normalised"](low))

# %% [markdown]
# ## Break it
# Take one step away from "log-mel, normalised", and choose other numbers of coefficients for the MFCC.

# %%
broken = table({
    "all steps": STAGES["log-mel, normalised"],
    "no window": lambda wave: normalise(log_mels(wave, np.ones(LENGTH)), 1e-8),
    "no mel filters": lambda wave: normalise(np.log(spectra(wave)), 1e-8),
    "no logarithm": lambda wave: normalise(spectra(wave) @ MEL.T, 1e-8),
    **{f"MFCC, {count} coefficients, normalised": lambda wave, count=count: normalise(mfcc(log_mels(wave), count), 1e-8)
       for count in (8, 13, 26)}})
single = {}
for name, stage in (("log-mel", log_mels), ("normalised", STAGES["log-mel, normalised"])):
    a, e, higher = map(stage, (speak("aaaaa"), speak("eeeee"), speak("aaaaa", pitch=180.0)))
    single[name] = distance(a, e), distance(a, higher)
    print(f"one vowel, {name:11}: another vowel is {single[name][0]:5.2f} away, another pitch {single[name][1]:5.2f}")
# ->                                     4x as loud  microphone   pitch 180    formants
# -> all steps                                 0.00        0.02        0.11        0.23
# -> no window                                 0.00        0.40        0.45        0.38
# -> no mel filters                            0.02        0.04        0.57        0.29
# -> no logarithm                              0.00        0.03        0.22        0.44
# -> MFCC, 8 coefficients, normalised          0.00        0.01        0.12        0.33
# -> MFCC, 13 coefficients, normalised         0.00        0.03        0.25        0.49
# -> MFCC, 26 coefficients, normalised         0.01        0.12        0.66        0.76
# -> one vowel, log-mel    : another vowel is 15.88 away, another pitch  2.94
# -> one vowel, normalised : another vowel is  4.09 away, another pitch  6.78

# %% [markdown]
# Without a window, pitch and microphone matter again, as leakage fills the quiet bands. Without mel filters, the pitch
# matters again. Without the logarithm, normalisation still removes loudness and microphone, which are factors; but
# pitch and formants move the features twice as far.
#
# Normalisation also has a disadvantage. It removes everything that is the same in all frames. In a clip of one vowel,
# that is the vowel: without normalisation, another vowel is five times as far away as another pitch; with it, another
# vowel is nearer. So normalise clips in which several sounds occur, or take the mean and variance of all clips of a
# speaker.

# %%
whole = broken["all steps"]
assert broken["no window"][MICROPHONE] > 0.3 > 10 * whole[MICROPHONE] and broken["no window"][PITCH] > 3 * whole[PITCH]
assert broken["no mel filters"][PITCH] > 4 * whole[PITCH] and broken["no logarithm"][MOUTH] > 1.7 * whole[MOUTH]
assert single["log-mel"][0] > 4 * single["log-mel"][1] and single["normalised"][0] < single["normalised"][1]

# %% [markdown]
# ## Exercise
# Cut a clip into frames. `samples` is (s,), a frame has `length` samples, and a new one begins every `step` samples,
# which may be fewer or more than `length`. Return an array (n, length) with the n frames that fit as a whole, without a
# window; if the clip is shorter than a frame, n is 0. Example: samples 0 to 9, length 4, step 3 give [0 1 2 3], [3 4 5
# 6] and [6 7 8 9].
#
# Then run `python -m lessons check 26`.


# %%
def cut(samples, length, step):
    raise NotImplementedError


# %%
def check(solution=None):
    """Where the frames begin, with what some misunderstandings give; then the frames, against the package."""
    solution = solution or cut
    by_hand = [  # samples, length, step, starts of the frames; then wrong starts, and what gives them
        (10, 4, 3, [0, 3, 6], {
            "the last whole frame is missing; (s - length) // step counts the steps between frames": [0, 3],
            "frames may overlap: one begins every `step` samples, not every `length`": [0, 4],
            "a frame begins at every sample; only every `step`-th one is wanted": list(range(7))}),
        (11, 4, 3, [0, 3, 6], {"the last frame does not fit; leave it out": [0, 3, 6, 9]}),
        (9, 2, 4, [0, 4], {"the last frame does not fit; leave it out": [0, 4, 8]}),
        (4, 4, 3, [0], {"a clip as long as a frame has one frame": []}),
        (3, 4, 2, [], {"a clip that is shorter than a frame has no frame": [0]})]
    for count, length, step, starts, mistakes in by_hand:
        case, samples = f"{count} samples, length {length}, step {step}", np.arange(1.0, count + 1.0)
        found = solution(samples, length, step)
        first = [round(frame[0]) - 1 for frame in found]
        hint = next((hint for hint, wrong in mistakes.items() if first == wrong), f"it should be {starts}")
        assert first == starts, f"{case}: the frames begin at {first}: {hint}."
        right = windowed_frames(samples, np.array(starts, dtype=int), np.ones(length))
        assert np.shape(found) == right.shape, f"{case}: the shape is {np.shape(found)}; it should be {right.shape}."
        assert np.array_equal(found, right), f"{case}: the frames are {found}; take the samples without a window."
