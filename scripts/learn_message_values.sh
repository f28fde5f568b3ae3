#!/bin/sh
# Learns what the mixer begins messages with, and fits the weights of their ends, from a file of messages, a message a line:
#     scripts/learn_message_values.sh MESSAGES
# src/mixer/message_values.bin was made of 4,000 messages of the NUS SMS corpus (single ones of its training part), 1,500 lines of data and
# 1,500 of other languages from the builtin's training text, in random order, 52 bytes each on the average. None of it is in
# corpus/messages or in the corpus' held-out part. It set out from the builtin's own values.
#
# src/mixer/ending/values.rs was fitted by a forerunner in Python with the same rules. Fitted anew to 7,000 messages like these it codes the held-out
# text messages 0.03 % smaller, corpus/messages/chat.txt 0.14 % larger, and lines of logs as small: not worth other bytes.
set -eu
measure() {
    cargo bench --no-default-features --features threads --bench messages -- "$@"
}
measure "$1" --learn src/mixer/message_values.bin
measure "$1" --learn-ends src/mixer/ending/values.rs
