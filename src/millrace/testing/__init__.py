"""The public test kit: what developers of chat applications need to test and to measure without a key."""
