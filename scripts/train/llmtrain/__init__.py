"""The parts of the training pipeline; the programs are one folder up."""
