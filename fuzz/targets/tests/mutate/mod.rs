//! Mutations of a corpus, the same ones on every run.

/// Longer inputs find nothing more and take longer.
const LONGEST: usize = 4_096;

/// What parsers look for.
const WORDS: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "-0",
    "1e400",
    "1.0",
    "18446744073709551616",
    "\\ud800",
    "\\u0000",
    "\\",
    "\u{1e}",
    "\u{feff}",
    "ü",
    "\n",
    "\r",
    " ",
    "/",
    "~1",
    "~0",
    "*",
    "-",
    "\"a\":{}",
    "\"op\":\"move\",",
    "\"from\":\"/a\",",
    "env:LOBBY_SECRET",
    "\u{2028}",
];

/// Makes inputs out of those of a corpus.
pub(crate) struct Mutator<'c> {
    corpus: &'c [Vec<u8>],
    state: u64,
}

impl<'c> Mutator<'c> {
    /// The corpus has at least one input.
    pub(crate) fn new(corpus: &'c [Vec<u8>]) -> Self {
        Self { corpus, state: 0 }
    }

    /// The next input: one of the corpus after one to eight changes.
    pub(crate) fn next(&mut self) -> Vec<u8> {
        let mut input = self.one().to_vec();
        for _ in 0..=self.below(8) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let start = self.below(input.len() + 1);
        let end = (start + self.below(16)).min(input.len());
        match self.below(7) {
            0 if start < input.len() => input[start] ^= 1 << self.below(8),
            1 => drop(input.drain(start..end)),
            2 => {
                let copy = input[start..end].to_vec();
                let at = self.below(input.len() + 1);
                input.splice(at..at, copy);
            }
            3 => {
                let other = self.one();
                let from = self.below(other.len() + 1);
                let to = (from + self.below(64)).min(other.len());
                input.splice(start..end, other[from..to].iter().copied());
            }
            4 => {
                let byte = u8::try_from(self.below(256)).unwrap();
                input.insert(start, byte);
            }
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                let end = if self.below(2) == 0 { start } else { end };
                input.splice(start..end, word.bytes());
            }
        }
    }

    fn one(&mut self) -> &'c [u8] {
        &self.corpus[self.below(self.corpus.len())]
    }

    /// A number below `limit`, by SplitMix64: good enough here, and no dependency.
    fn below(&mut self, limit: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % limit as u64).unwrap()
    }
}
