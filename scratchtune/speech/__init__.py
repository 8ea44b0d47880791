"""Speech for a network: WAV files become clips, and clips become features.

Reading order: `samples` (integers to numbers, channels), `clip` (samples and their rate), `resampling`, `wav` (reading
a file), `folder` (reading many, with transcripts); then a clip's features, step by step: `trimming`, `preemphasis`,
`framing`, `windows`, `spectrum`, `mel`, `mel_filters`, `cepstrum`, `deltas`, `normalising`, and all of them in
`features`; last, what changes clips and features in training: `speed`, `masking`.
"""

from scratchtune.speech.clip import Clip, is_clipped
from scratchtune.speech.features import Features
from scratchtune.speech.folder import Recordings, read_clips
from scratchtune.speech.masking import SpecAugment
from scratchtune.speech.resampling import resample
from scratchtune.speech.speed import SpeedPerturbation, change_speed
from scratchtune.speech.trimming import trim
from scratchtune.speech.wav import read_wav

__all__ = [
    "Clip", "Features", "Recordings", "SpecAugment", "SpeedPerturbation", "change_speed", "is_clipped", "read_clips",
    "read_wav", "resample", "trim",
]
