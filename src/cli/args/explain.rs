//! The flags of `explain`.

use std::path::PathBuf;

use clap::Args;

use super::values::{self, Span, When};
use super::{Coding, General, Limits, Predicting};
use crate::cli::explain::How;

/// What an explanation looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainForm {
    Terminal,
    Html,
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Each line has in front: its number, its bits, and its bits per byte. A token's bits are those that it takes in \
the file that `compress` with the same flags would write, and count for the line in which it begins. `llmzip explain --color=always FILE | less -R` pages.")]
pub struct Explain {
    /// What to read; none or `-` is standard input
    #[arg(value_name = "FILE", value_parser = values::path())]
    pub files: Vec<PathBuf>,
    /// Print a page that shows, for each token, the five that were likeliest
    #[arg(long, help_heading = "Form", overrides_with = "json")]
    pub html: bool,
    /// Print one JSON object a line: the file, each token, and the sums
    #[arg(long, help_heading = "Form", overrides_with = "html")]
    pub json: bool,
    /// When to use colours in the terminal: auto, always, never
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_default_value = true, hide_possible_values = true,
          num_args = 0..=1, require_equals = true, default_missing_value = "always", help_heading = "Form")]
    pub color: When,
    /// Show only these bytes, as in `cat --range` (default: all; of a page: the first 64K). All that
    /// stands before them in their group is coded all the same
    #[arg(long, value_name = "A..B", value_parser = values::span, help_heading = "Form")]
    pub range: Option<Span>,
    #[command(flatten)]
    pub coding: Coding,
    #[command(flatten)]
    pub predicting: Predicting,
    #[command(flatten)]
    pub limits: Limits,
    #[command(flatten)]
    pub general: General,
}

impl Explain {
    pub fn how(&self) -> How {
        let form = match (self.html, self.json) {
            (true, _) => ExplainForm::Html,
            (false, true) => ExplainForm::Json,
            (false, false) => ExplainForm::Terminal,
        };
        How { form, color: self.color, range: self.range }
    }
}
