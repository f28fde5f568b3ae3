//! An output layer that learns answers for all lanes, round by round.
//!
//! What it learns comes from every lane, so it cannot be in each shard; the layers before it do not change, and run
//! ahead in many threads.

use super::NotedTokens;
use crate::codec::lessons::{Board, next_change, version};
use crate::kernels::QuantRows;
use crate::model::{Output, PARTS};
use crate::tokenizer::Vocabulary;

/// The output layer of a group, between the shards and the mixer.
pub struct Answering {
    output: Output,
    board: Board,
    /// The next step to answer.
    step: usize,
    /// Tokens that lane 0 had coded before step 0.
    alone: usize,
    /// Whether what the model expects is noted for people.
    looks: bool,
    /// States of several lanes, and the lane and step of each.
    states: QuantRows,
    places: Vec<(usize, usize)>,
}

impl Answering {
    /// For a group whose step 0 is answered already.
    pub fn new(output: Output, alone: usize, looks: bool) -> Answering {
        let (states, places) = (QuantRows::default(), Vec::new());
        Answering { output, board: Board::default(), step: 1, alone, looks, states, places }
    }

    /// Notes the answers to all states of a round.
    pub fn answer(
        &mut self,
        vocabulary: &Vocabulary,
        tokens: &[Vec<u32>],
        round: &mut [NotedTokens],
    ) {
        let begin = self.step;
        let longest = round.iter().map(|noted| noted.states.rows).max().unwrap_or(0);
        while self.step < begin + longest {
            if version(self.step) != version(self.step - 1) {
                let lessons = self.board.lessons(version(self.step));
                (0..PARTS).for_each(|part| self.output.study(part, lessons));
                self.output.turn_to(version(self.step));
            }
            let end = next_change(self.step).min(begin + longest);
            self.states.clear();
            self.places.clear();
            for (lane, noted) in round.iter().enumerate() {
                for step in self.step..end.min(begin + noted.states.rows) {
                    self.states.append_row(&noted.states, step - begin);
                    self.places.push((lane, step));
                }
            }
            let (model, states) = (self.output.model().clone(), &self.states);
            self.output.answer(
                states,
                states.rows,
                |_| true,
                |row, frequencies| {
                    let (lane, step) = self.places[row];
                    let token = tokens[lane][step + if lane == 0 { self.alone } else { 0 }];
                    round[lane].note(vocabulary, frequencies, token, self.looks);
                    self.board.of(step).note(&model, states, row, token, frequencies);
                },
            );
            self.step = end;
        }
    }
}
