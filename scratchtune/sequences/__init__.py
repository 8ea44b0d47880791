"""Sequences: recurrent cells, attention, Transformers, encoder-decoders, CTC; text and speech."""
