"""Reading of human text: words, sentences and Markdown blocks. Pure."""
