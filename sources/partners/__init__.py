"""What partners deliver: from the inbox through reading, the privacy gate and the contract to figures in landing."""
