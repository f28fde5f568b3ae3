"""The parts of crash_tests.py."""
