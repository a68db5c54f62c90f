"""
The rules: identifiers, obligations and deadlines, lifecycle, measures, what targets should have, what a look-up answers.

Pure: nothing here imports another room, reads the clock or talks to anybody. Days are Asia/Shanghai days.
"""
