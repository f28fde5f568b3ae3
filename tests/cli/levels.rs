//! Which levels there are, and how they are written.

use crate::sandbox::{Sandbox, code, said, text};

#[test]
fn every_digit_but_zero_is_a_level_and_the_nearest_one_is_taken() {
    let sandbox = Sandbox::with("a", &text()[..3000]);
    let made = |level: &str| sandbox.succeed(&format!("{level} -c a"));
    let [one, two, five, seven] = ["-1", "-2", "-5", "-7"].map(made);
    assert!(one != two && two != five);
    assert!(made("-3") == two && made("-4") == five && made("-6") == five && made("-8") == seven);
    assert!(made("") == five && made("--level 6") == five && made("compress -3") == two);
}

#[test]
fn other_numbers_are_one_line_of_error() {
    let sandbox = Sandbox::with("a", b"x");
    for level in ["-0", "-10", "-11", "-22", "-19", "-v11", "--level 0", "--level 10", "--level x"]
    {
        let output = sandbox.run(&format!("{level} a"));
        assert_eq!(code(&output), 1, "{level}");
        let said = said(&output);
        assert!(said.contains("the levels are -1 (fastest) to -9 (smallest)"), "{level}: {said}");
        assert_eq!(said.lines().count(), 1, "{level}: {said}");
    }
    assert_eq!(sandbox.files(), ["a"]);
}

#[test]
fn levels_combine_with_other_flags_and_the_last_one_wins() {
    let sandbox = Sandbox::with("a", &text()[..3000]);
    let two = sandbox.succeed("-2 -c a");
    assert!(sandbox.succeed("-1 -2c a") == two && sandbox.succeed("-9fT2 -k2c a") == two);
    // To a decompressor a level says nothing, as to gzip and xz.
    sandbox.succeed("-1 a");
    assert!(sandbox.succeed("-d9c a.llmz") == text()[..3000]);
}

#[test]
fn the_environment_and_the_settings_have_a_level_that_flags_override() {
    let sandbox = Sandbox::with("a", &text()[..3000]);
    sandbox.write("config.toml", b"level = 2 # no model\n");
    let made = |arguments: &str, set: &[(&str, &str)]| {
        let mut command = sandbox.command(arguments);
        let output = command.envs(set.iter().copied()).output().unwrap();
        assert_eq!(said(&output), "", "{arguments} {set:?}");
        output.stdout
    };
    let [one, two, five] = ["-1", "-2", "-5"].map(|level| made(&format!("{level} -c a"), &[]));
    let file = ("LLMZIP_CONFIG", "config.toml");
    assert!(made("-c a", &[file]) == two);
    assert!(made("-c a", &[file, ("LLMZIP_LEVEL", "1")]) == one);
    assert!(made("-5 -c a", &[file, ("LLMZIP_LEVEL", "1")]) == five);
    assert!(made("--model builtin -c a", &[("LLMZIP_LEVEL", "1")]) == five);
    let output = sandbox.command("-c a").env("LLMZIP_LEVEL", "12").output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(said(&output).contains("LLMZIP_LEVEL: \"12\" is no level"), "{}", said(&output));
}
