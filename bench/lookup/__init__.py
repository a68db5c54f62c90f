"""How fast look-ups are answered, beside a bare echo and the engines that people would reach for."""
