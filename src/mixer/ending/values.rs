//! The weights that `Ending` begins with: logistic regression on the ends of training messages (`scripts/learn_message_values.sh`).

use super::{CLASSES, FAR_BITS, INPUTS, LENGTHS};

/// By class of the message's end so far.
pub const WEIGHTS: [[i32; INPUTS]; CLASSES] = [
    [26214, 6554],
    [26214, 6554],
    [36082, 45702],
    [41442, 8095],
    [36283, 5545],
    [19026, 16596],
    [25218, 12519],
    [28492, 7005],
    [3224, 13981],
    [17030, 1142],
    [5087, 5905],
    [43082, 2895],
];

/// By that class and the class of the length.
pub const BIASES: [[i32; LENGTHS]; CLASSES] = [
    [566, 566, 566, 566, 566, 566],
    [566, 566, 566, 566, 566, 566],
    [566, 554, 551, 528, 501, 519],
    [-635, -108, -574, 629, 824, 1645],
    [-2604, -2398, -979, -726, -1689, -937],
    [-1228, 134, -119, 1281, 1898, 1759],
    [-2320, 2030, 3979, 5073, 5579, 5535],
    [-2438, -3374, -745, 335, 618, 906],
    [517, -1199, 1311, 2204, 3104, 3394],
    [-1609, -870, 146, 1312, 1066, 1302],
    [417, -36, -160, 1197, 1739, 2191],
    [566, 326, 413, 566, 763, 754],
];

/// What speaks for an end where so many whole bits are left of the coded bytes.
pub const LEFT: [i32; FAR_BITS] = [
    9771, 10343, 9401, 8219, 7748, 7086, 6387, 5599, 4669, -11463, -11709, -11402, -11319, -10522,
    -11744, -11077,
];
