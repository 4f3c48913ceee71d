"""Reads a typed message as a list of acts: answers, questions, commands, picks, social words, despair.

    reader = MessageReader(script, matcher, lines)    once for a revision of the content
    place = Place("m1-id", find_asked(script, step), options(script, step), likely=…, topic=…, offered=…)
    readout = reader.read(text, place)                pure, deterministic, never raises
    readout.acts, readout.chances                     acts in the order of the message; the chance of each, 0–1
    readout.near                                      what else may be meant: to offer when nothing is sure
    to_json(act)                                      `{"as": "answer", "action": "same"}` …

One scoring decides: every stretch of the message (`message`) may be every kind of act (`candidates`), each with
features (`phrasebook`, `stances`, the FAQ's matcher), among them what a classifier of the shipped script and FAQ says
(`classifier`). A linear model (`score`, `weights.json`) weighs them, and the best way to cut the message up wins. Words
are data: the script's `say`, `words.yaml`, `lexicon.yaml`.
`check.word_problems` lists what is wrong with a script's words. Must not know: channels, storage, sentences of the bot,
the clock.
"""
