//! Colours for what a token cost.

use crate::cli::args::When;

/// Bits from which on a token is in the next class.
pub const LIMITS_BITS: [f64; 7] = [0.5, 1.0, 2.0, 4.0, 7.0, 10.0, 14.0];

/// The class of a token: 0 is as good as free.
pub fn class(bits: f64) -> usize {
    LIMITS_BITS.iter().filter(|&&limit| bits >= limit).count()
}

/// What the classes are called in a legend.
pub fn names() -> [String; LIMITS_BITS.len() + 1] {
    std::array::from_fn(|class| match class {
        0 => format!("<{}", LIMITS_BITS[0]),
        class => format!("{}+", LIMITS_BITS[class - 1]),
    })
}

/// Backgrounds of the classes from 1 on; the last two are so dark that they want white letters.
const RGB: [[u8; 3]; LIMITS_BITS.len()] = [
    [255, 247, 204],
    [255, 230, 150],
    [255, 202, 112],
    [255, 163, 92],
    [242, 116, 87],
    [204, 57, 90],
    [138, 20, 100],
];
/// The like among the 256 colours of xterm.
const INDEXED: [u8; LIMITS_BITS.len()] = [230, 222, 215, 209, 203, 161, 89];

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    None,
    Indexed,
    Rgb,
}

impl Palette {
    /// What was asked for, or what the terminal says of itself.
    pub fn of(when: When, is_on_screen: bool) -> Palette {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        Palette::chosen(when, is_on_screen, variable)
    }

    fn chosen(when: When, is_on_screen: bool, variable: impl Fn(&str) -> String) -> Palette {
        let term = variable("TERM");
        let is_rgb = matches!(variable("COLORTERM").as_str(), "truecolor" | "24bit")
            || term.ends_with("-direct");
        let is_wanted = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let is_capable = is_rgb || term.contains("256color");
                is_on_screen && variable("NO_COLOR").is_empty() && is_capable && term != "dumb"
            }
        };
        match (is_wanted, is_rgb) {
            (false, _) => Palette::None,
            (true, true) => Palette::Rgb,
            (true, false) => Palette::Indexed,
        }
    }

    /// Adds `text` in the colours of a class. Colours end with it, so that a pager may begin on any line.
    pub fn paint(self, class: usize, text: &str, out: &mut String) {
        let Some(place) = class.checked_sub(1).filter(|_| self != Palette::None) else {
            return out.push_str(text);
        };
        let letters = if place + 2 < RGB.len() { 16 } else { 231 };
        let [r, g, b] = RGB[place];
        *out += &match self {
            Palette::Rgb => format!("\x1b[38;5;{letters};48;2;{r};{g};{b}m{text}\x1b[0m"),
            _ => format!("\x1b[38;5;{letters};48;5;{}m{text}\x1b[0m", INDEXED[place]),
        };
    }

    /// Adds `text` as something that matters less.
    pub fn faint(self, text: &str, out: &mut String) {
        match self {
            Palette::None => out.push_str(text),
            _ => *out += &format!("\x1b[2m{text}\x1b[0m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(when: When, screen: bool, set: &[(&str, &str)]) -> Palette {
        let variable = |name: &str| {
            set.iter().find(|(set, _)| *set == name).map_or(String::new(), |(_, to)| (*to).into())
        };
        Palette::chosen(when, screen, variable)
    }

    #[test]
    fn colours_are_those_that_the_terminal_has() {
        let (xterm, rgb) = (("TERM", "xterm-256color"), ("COLORTERM", "truecolor"));
        assert_eq!(chosen(When::Auto, true, &[xterm]), Palette::Indexed);
        assert_eq!(chosen(When::Auto, true, &[xterm, rgb]), Palette::Rgb);
        assert_eq!(chosen(When::Auto, false, &[xterm, rgb]), Palette::None);
        assert_eq!(chosen(When::Auto, true, &[xterm, ("NO_COLOR", "1")]), Palette::None);
        assert_eq!(chosen(When::Auto, true, &[("TERM", "vt100")]), Palette::None);
        assert_eq!(chosen(When::Auto, true, &[("TERM", "dumb"), rgb]), Palette::None);
        assert_eq!(chosen(When::Always, false, &[("NO_COLOR", "1")]), Palette::Indexed);
        assert_eq!(chosen(When::Never, true, &[xterm]), Palette::None);
    }

    #[test]
    fn classes_begin_at_their_limits() {
        assert_eq!([0.0, 0.49, 0.5, 1.0, 13.9, 14.0, 99.0].map(class), [0, 0, 1, 2, 6, 7, 7]);
        let mut out = String::new();
        Palette::Rgb.paint(0, "a", &mut out);
        Palette::Indexed.paint(7, "b", &mut out);
        assert_eq!(out, "a\x1b[38;5;231;48;5;89mb\x1b[0m");
    }
}
