//! When an output layer learns what: the same in both directions and for every number of threads.
//!
//! After the beginning of lane 0, each lane codes a token a step. What steps `16 n` to `16 n + 15` have to teach (step
//! 0 has nothing: its predictions come from before) makes version `n + 1` of the output layer, which answers from the
//! prediction for step `16 n + 20` on. The steps between let the threads of the decoder, whose lanes take turns, go on
//! without waiting for each other: when all have turned to step `16 n + 16`, all lessons are there; one thread makes
//! the version behind step `16 n + 17`, and has made it when any has coded step `16 n + 19`.

use crate::model::Lessons;

/// Steps whose lessons are learned together.
pub(super) const STEPS: usize = 16;

/// Steps from those whose lessons make a version to the first that it predicts.
const DELAY: usize = 4;

/// Lessons that are waiting to be learned.
#[derive(Default)]
pub struct Board {
    /// The newest two blocks of steps; block `n` is number `n` modulo 2.
    blocks: [Block; 2],
}

#[derive(Default)]
struct Block {
    number: usize,
    lessons: Lessons,
}

impl Board {
    /// Where to note what a step, which is not 0, has to teach.
    pub fn of(&mut self, step: usize) -> &mut Lessons {
        self.block(step / STEPS)
    }

    /// What makes a version that is not 0.
    pub fn lessons(&mut self, version: usize) -> &Lessons {
        self.block(version - 1)
    }

    fn block(&mut self, number: usize) -> &mut Lessons {
        let block = &mut self.blocks[number % 2];
        if block.number != number {
            block.number = number;
            block.lessons.clear();
        }
        &mut block.lessons
    }
}

/// The version that predicts a step.
pub fn version(step: usize) -> usize {
    step.saturating_sub(DELAY) / STEPS
}

/// The first step that is predicted by the version behind that of this step.
pub fn next_change(step: usize) -> usize {
    (version(step) + 1) * STEPS + DELAY
}

/// The version that a thread of the decoder is to make behind this step, if any.
pub fn made_behind(step: usize) -> Option<usize> {
    (step > STEPS && step % STEPS == 1).then_some(step / STEPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::WindowPolicy;
    use crate::kernels::Isa;
    use crate::model::{Frequencies, Learner, Session, builtin};
    use std::sync::Arc;

    #[test]
    fn versions_change_every_sixteen_steps() {
        let changes: Vec<_> = (1..70).filter(|&step| version(step) != version(step - 1)).collect();
        assert_eq!(changes, [20, 36, 52, 68]);
        assert_eq!([0, 19, 20, 35, 36].map(next_change), [20, 20, 36, 36, 52]);
    }

    #[test]
    fn versions_are_made_when_their_lessons_are_there_and_before_they_are_needed() {
        // When a thread goes on behind a step, the others have at least gone on behind the one before it and have
        // put on the board, and made, what was due behind the one before that.
        let mut made = [0; 102];
        for step in 0..100 {
            made[step + 2] = made_behind(step).unwrap_or(made[step + 1]);
            assert!(version(step + 1) <= made[step], "step {step}");
            if let Some(version_made) = made_behind(step) {
                assert_eq!(version_made, made[step + 1] + 1);
                assert!(STEPS * version_made - 1 <= step - 2, "step {step}");
                // It is written over the version that is two older.
                assert_eq!(version(step), version_made - 1);
            }
        }
        assert_eq!(made[101], 6);
    }

    #[test]
    fn blocks_in_which_nothing_was_noted_teach_nothing() {
        let model = builtin();
        let slide = WindowPolicy::Slide;
        let mut session = Session::new(model.clone(), Isa::SCALAR, 1, 8, slide, 1).unwrap();
        session.learn(Arc::new(Learner::new(&model)));
        let mut board = Board::default();
        let mut answer = Frequencies::default();
        session.step(&[(0, 5)], |_, frequencies| answer = frequencies.clone());
        session.note(0, 7, &answer, board.of(1));
        assert!(!board.lessons(1).is_empty());
        assert!(board.lessons(3).is_empty());
    }
}
