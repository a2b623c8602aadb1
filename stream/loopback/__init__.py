"""Glass to glass without hardware: a sender with numbered pictures, and what is seen of them."""
