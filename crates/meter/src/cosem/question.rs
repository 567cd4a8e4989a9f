//! One GET from the question to the whole answer, over as many blocks as it takes.

use frame::dlms::axdr::Node;
use frame::dlms::get::{InvokeId, Reference, Request, Response, list_results};
use frame::dlms::{AccessResult, access_result::Refused};

/// Most bytes of an answer: an object list of a large meter, a month of load profile.
pub(super) const ANSWER_MAX: usize = 512 * 1024;
/// Most answers to other questions that are passed over while one is waited for.
const LATE_MAX: u32 = 16;

/// An attribute's data, or why the meter does not give them.
pub(super) type Given = Result<Vec<u8>, AccessResult>;

/// What an APDU did for the question.
#[derive(Debug)]
pub(super) enum Progress {
    /// It answers another question.
    Late,
    /// The next block is to be asked for.
    More(Vec<u8>),
    /// The whole answer, one for each reference.
    Answered(Vec<Given>),
    /// The meter does not do what was asked, as a whole.
    Refused(Refused),
    /// The answer cannot be used.
    Broken(String),
}

/// A question that waits for its answer.
#[derive(Debug)]
pub(super) struct Question {
    id: InvokeId,
    references: Vec<Reference>,
    block: u32,
    joined: Vec<u8>,
    late: u32,
}

impl Question {
    pub(super) const fn new(id: InvokeId, references: Vec<Reference>) -> Self {
        Self { id, references, block: 0, joined: Vec::new(), late: 0 }
    }

    pub(super) const fn references(&self) -> &[Reference] {
        self.references.as_slice()
    }

    /// What is asked for, in words.
    pub(super) fn name(&self) -> String {
        match self.references.as_slice() {
            [one] => one.attribute.to_string(),
            several => format!("{} attributes", several.len()),
        }
    }

    pub(super) fn request(&self) -> Vec<u8> {
        match self.references.as_slice() {
            [one] => Request::Normal(self.id, one.clone()).encode(),
            several => Request::WithList(self.id, several.to_vec()).encode(),
        }
    }

    /// Takes an APDU in clear.
    pub(super) fn accept(&mut self, apdu: &[u8], nodes: &mut Vec<Node>) -> Progress {
        if let Some(refused) = Refused::decode(apdu) {
            return Progress::Refused(refused);
        }
        let response = match Response::decode(apdu) {
            Ok(response) if response.id() == self.id => response,
            Ok(_) => return self.pass_over(),
            Err(frame::dlms::get::GetError::Tag { .. }) => return self.pass_over(),
            Err(error) => return Progress::Broken(error.to_string()),
        };
        match response {
            Response::Normal(_, result) if self.references.len() == 1 => {
                Progress::Answered(vec![result.map(<[u8]>::to_vec)])
            }
            // A list as a whole is refused with a single result.
            Response::Normal(_, Err(result)) => {
                Progress::Answered(vec![Err(result); self.references.len()])
            }
            Response::Normal(..) => Progress::Broken("one value instead of a list".to_owned()),
            Response::List(_, results) => self.list(results, nodes),
            Response::Block { last, number, piece, .. } => self.block(last, (number, piece), nodes),
        }
    }

    fn pass_over(&mut self) -> Progress {
        self.late += 1;
        if self.late > LATE_MAX {
            return Progress::Broken(format!("more than {LATE_MAX} answers to other questions"));
        }
        Progress::Late
    }

    fn list(&self, results: &[u8], nodes: &mut Vec<Node>) -> Progress {
        match list_results(results, nodes) {
            Ok(results) if results.len() == self.references.len() => {
                let owned = results.into_iter().map(|result| result.map(<[u8]>::to_vec));
                Progress::Answered(owned.collect())
            }
            Ok(results) => Progress::Broken(format!(
                "{} results for {} attributes",
                results.len(),
                self.references.len()
            )),
            Err(error) => Progress::Broken(error.to_string()),
        }
    }

    fn block(
        &mut self,
        last: bool,
        (number, piece): (u32, Result<&[u8], AccessResult>),
        nodes: &mut Vec<Node>,
    ) -> Progress {
        let piece = match piece {
            Ok(piece) => piece,
            Err(result) if self.block == 0 => {
                return Progress::Answered(vec![Err(result); self.references.len()]);
            }
            Err(result) => {
                let block = self.block + 1;
                return Progress::Broken(format!("block {block} is not given: {result}"));
            }
        };
        if number == self.block && self.block > 0 {
            return self.pass_over();
        }
        let expected = self.block + 1;
        if number != expected {
            return Progress::Broken(format!("block {number} instead of {expected}"));
        }
        if self.joined.len() + piece.len() > ANSWER_MAX {
            return Progress::Broken(format!("the answer is longer than {ANSWER_MAX} bytes"));
        }
        self.block = number;
        self.joined.extend_from_slice(piece);
        if !last {
            return Progress::More(Request::Next(self.id, number).encode());
        }
        let whole = std::mem::take(&mut self.joined);
        if self.references.len() == 1 {
            return Progress::Answered(vec![Ok(whole)]);
        }
        self.list(&whole, nodes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frame::dlms::Attribute;
    use reading::Obis;

    fn reference() -> Reference {
        let name = Obis::new(0, 0, [1, 0, 0], 255);
        Reference { attribute: Attribute::new(8, name, 2), selection: None }
    }

    fn block(number: u32, last: bool, piece: &[u8]) -> Vec<u8> {
        Response::Block { id: InvokeId(3), last, number, piece: Ok(piece) }.encode()
    }

    fn accept(question: &mut Question, apdu: &[u8]) -> Progress {
        question.accept(apdu, &mut Vec::new())
    }

    #[test]
    fn joins_blocks_and_asks_for_each() {
        let mut question = Question::new(InvokeId(3), vec![reference()]);
        let more = accept(&mut question, &block(1, false, &[9, 4, 1]));
        assert!(matches!(more, Progress::More(apdu) if apdu == [0xC0, 2, 0xC3, 0, 0, 0, 1]));
        // The same block once more is a repetition, not a part.
        assert!(matches!(accept(&mut question, &block(1, false, &[9, 4, 1])), Progress::Late));
        let done = accept(&mut question, &block(2, true, &[2, 3, 4]));
        assert!(matches!(done, Progress::Answered(given) if given == [Ok(vec![9, 4, 1, 2, 3, 4])]));
    }

    #[test]
    fn passes_over_answers_to_other_questions_but_not_for_ever() {
        let mut question = Question::new(InvokeId(3), vec![reference()]);
        let late = Response::Normal(InvokeId(2), Ok(&[0x11, 7])).encode();
        for _ in 0..LATE_MAX {
            assert!(matches!(accept(&mut question, &late), Progress::Late));
        }
        assert!(matches!(accept(&mut question, &late), Progress::Broken(_)));
    }

    #[test]
    fn a_lost_block_or_one_that_is_refused_gives_nothing() {
        for apdu in [
            block(3, true, &[2]),
            Response::Block {
                id: InvokeId(3),
                last: true,
                number: 2,
                piece: Err(AccessResult::LONG_GET_ABORTED),
            }
            .encode(),
        ] {
            let mut question = Question::new(InvokeId(3), vec![reference()]);
            accept(&mut question, &block(1, false, &[9]));
            assert!(matches!(accept(&mut question, &apdu), Progress::Broken(_)));
        }
    }

    #[test]
    fn an_answer_without_end_is_given_up() {
        let mut question = Question::new(InvokeId(3), vec![reference()]);
        let piece = vec![0; 60_000];
        let mut number = 0;
        loop {
            number += 1;
            match accept(&mut question, &block(number, false, &piece)) {
                Progress::More(_) => assert!(number < 10),
                other => {
                    assert!(matches!(other, Progress::Broken(_)));
                    break;
                }
            }
        }
    }

    #[test]
    fn a_refused_attribute_is_an_answer() {
        let mut question = Question::new(InvokeId(3), vec![reference()]);
        let refused = Response::Normal(InvokeId(3), Err(AccessResult::READ_WRITE_DENIED)).encode();
        let expected = [Err(AccessResult::READ_WRITE_DENIED)];
        let progress = accept(&mut question, &refused);
        assert!(matches!(progress, Progress::Answered(given) if given == expected));
    }
}
