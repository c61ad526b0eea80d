"""Rules of texting: what a text costs, who may be texted, and when. Pure: nothing here reads a clock or a file."""
