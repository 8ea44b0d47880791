"""The program espeak-ng from PyPI's `espeakng-loader`, for systems without it: the options that `espeak` uses.

`provide` puts a script on the PATH that runs this file, with few imports, since each clip is a process.
"""

from __future__ import annotations

import ctypes
import os
import sys
import wave

ALL_AT_ONCE, RATE, PITCH, UTF_8 = 2, 1, 3, 1  # numbers of espeak-ng's speak_lib.h
Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Voice(ctypes.Structure):
    """espeak_VOICE: what a voice is chosen by, and its identifier."""

    _fields_ = [("name", ctypes.c_char_p), ("languages", ctypes.c_char_p), ("identifier", ctypes.c_char_p),
                ("numbers", ctypes.c_ubyte * 4), ("score", ctypes.c_int), ("spare", ctypes.c_void_p)]


def provide() -> None:
    """Put espeak-ng on the PATH, unless it is there; without `espeakng-loader` nothing is done."""
    import shutil
    import tempfile
    from importlib.util import find_spec
    from pathlib import Path

    if shutil.which("espeak-ng") is None and find_spec("espeakng_loader") is not None:
        import espeakng_loader

        script = Path(tempfile.mkdtemp(prefix="espeak-ng-"), "espeak-ng")
        known = espeakng_loader.get_library_path(), Path(espeakng_loader.get_data_path()).parent
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{Path(__file__).resolve()}" "{known[0]}" '
                          f'"{known[1]}" "$@"\n')
        script.chmod(0o755)
        os.environ["PATH"] = f"{script.parent}{os.pathsep}{os.environ['PATH']}"


def main(path: str, data: str, *arguments: str) -> None:
    """Act as the program, with the library at a path and its data in a folder."""
    library = ctypes.CDLL(path)
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_GetCurrentVoice.restype = ctypes.POINTER(Voice)
    rate = library.espeak_Initialize(ALL_AT_ONCE, 0, data.encode(), 0)
    if "--version" in arguments:
        print(library.espeak_Info(None).decode())
    elif "--voices=variant" in arguments:
        print(*(f"!v/{name}" for name in os.listdir(os.path.join(data, "espeak-ng-data", "voices", "!v"))), sep="\n")
    else:
        speak(library, rate, dict(zip(arguments, arguments[1:], strict=False)), sys.stdin.buffer.read())


def speak(library: ctypes.CDLL, rate: int, options: dict[str, str], text: bytes) -> None:
    """Write a text as a WAV file, with the options of the program."""
    parts: list[bytes] = []

    @Callback
    def keep(samples: int | None, count: int, events: int | None) -> int:
        if samples is not None and count:
            parts.append(ctypes.string_at(samples, 2 * count))
        return 0

    library.espeak_SetSynthCallback(keep)
    library.espeak_ng_SetRandSeed(1)  # the program's option -D
    language, _, variant = options["-v"].partition("+")
    unknown = library.espeak_SetVoiceByProperties(ctypes.byref(Voice(languages=language.encode())))
    if unknown or library.espeak_SetVoiceByName(
            library.espeak_GetCurrentVoice().contents.identifier + b"+" + variant.encode()):
        raise SystemExit(f"there is no voice {options['-v']}")
    library.espeak_SetParameter(RATE, int(options["-s"]), 0)
    library.espeak_SetParameter(PITCH, int(options["-p"]), 0)
    library.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF_8, None, None)
    with wave.open(options["-w"], "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(b"".join(parts))


if __name__ == "__main__":
    main(*sys.argv[1:])
