"""Reading of human text: words, sentences, Markdown blocks, and linear models over hashed features. Pure.

Importing the package itself loads nothing; `linear` brings NumPy, `fitting` scikit-learn.
"""
