//! Filler text in Chinese and English, the same for the same number: made-up words that are used as often as those of a
//! language are, in sentences and paragraphs.

use avalaches::commonmark::escape;

/// Marsaglia's xorshift, which is all the randomness that filler text needs.
pub struct Dice(u64);

impl Dice {
    /// Makes dice of their own for each thing that is generated.
    pub fn of(thing: usize) -> Self {
        let mut dice = Self(0x9e37_79b9_7f4a_7c15 ^ (thing as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93));
        for _ in 0..8 {
            dice.below(2);
        }
        dice
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// Words that are used as often as those of a language are: the n-th in proportion to 1/n (Zipf's law).
struct Words {
    words: Vec<String>,
    sums: Vec<f64>,
}

impl Words {
    fn new(dice: &mut Dice, word: impl Fn(&mut Dice) -> String) -> Self {
        let words: Vec<String> = (0..6000).map(|_| word(dice)).collect();
        let mut sum = 0.0;
        let sums = (0..6000_u32)
            .map(|rank| {
                sum += 1.0 / (f64::from(rank) + 2.7);
                sum
            })
            .collect();
        Self { words, sums }
    }

    fn throw(&self, dice: &mut Dice) -> usize {
        let at = u32::try_from(dice.below(1 << 30)).expect("30 bits");
        let wanted = f64::from(at) / f64::from(1 << 30) * self.sums.last().expect("there are words");
        self.sums
            .partition_point(|sum| *sum <= wanted)
            .min(self.words.len() - 1)
    }
}

/// The two languages' words.
pub struct Languages {
    chinese: Words,
    english: Words,
}

impl Languages {
    pub fn new() -> Self {
        let mut dice = Dice::of(0);
        let syllables = [
            "ba", "ce", "di", "fo", "gu", "ha", "in", "jo", "ka", "le", "mi", "no", "or", "pe", "qui", "ra",
            "st", "ter", "un", "ver", "wa", "ex", "yl", "za", "tion", "ment", "ing", "ed", "al", "ous",
        ];
        let english = Words::new(&mut dice, |dice| {
            let length = 1 + dice.below(4);
            (0..length)
                .map(|_| syllables[dice.below(syllables.len())])
                .collect()
        });
        let chinese = Words::new(&mut dice, |dice| {
            let length = 1 + dice.below(3);
            let mut character = || char::from_u32(0x4e00 + u32::try_from(dice.below(2500)).expect("few"));
            (0..length).map(|_| character().expect("it is Han")).collect()
        });
        Self { chinese, english }
    }

    /// Returns words in the order of how often they are used, from a rank on, as they stand beside each other.
    #[allow(dead_code)] // not every user of this file looks for words
    pub fn in_a_row(&self, language: &str, ranks: &[usize]) -> String {
        let (words, between) = match language {
            "zh" => (&self.chinese, ""),
            _ => (&self.english, " "),
        };
        let row: Vec<&str> = ranks.iter().map(|rank| words.words[*rank].as_str()).collect();
        row.join(between)
    }

    /// Returns an article's sources after so many revisions, each of which puts some words in the place of others.
    #[allow(dead_code)] // not every user of this file makes archives
    pub fn sources(&self, article: usize, revisions: usize) -> Vec<String> {
        let mut dice = Dice::of(article + 1);
        let mut texts = [
            (&self.chinese, 160 + dice.below(100)),
            (&self.english, 170 + dice.below(150)),
        ]
        .map(|(words, length)| (0..length).map(|_| words.throw(&mut dice)).collect::<Vec<_>>());
        for _ in 0..revisions {
            for (text, words) in texts.iter_mut().zip([&self.chinese, &self.english]) {
                let from = dice.below(text.len() - 20);
                for word in &mut text[from..from + 10] {
                    *word = words.throw(&mut dice);
                }
            }
        }
        let [chinese, english] = &texts;
        vec![
            write(&self.chinese, chinese, "", "，", "。"),
            write(&self.english, english, " ", ", ", ". "),
        ]
    }
}

/// Returns the canonical text of a Chinese article of so many bytes, or a sentence more.
#[allow(dead_code)] // not every user of this file compares texts
pub fn chinese(article: usize, bytes: usize) -> String {
    let languages = Languages::new();
    let words = &languages.chinese;
    let mut dice = Dice::of(article + 1);
    let mut text: Vec<usize> = Vec::new();
    loop {
        text.extend((0..16).map(|_| words.throw(&mut dice)));
        let written = write(words, &text, "", "，", "。");
        if written.len() >= bytes {
            return written;
        }
    }
}

/// Writes words as sentences and paragraphs.
fn write(words: &Words, text: &[usize], between: &str, comma: &str, stop: &str) -> String {
    let mut written = String::new();
    for (number, sentence) in text.chunks(16).enumerate() {
        let (one, other) = sentence.split_at(sentence.len().div_ceil(2));
        let part = |part: &[usize]| {
            part.iter()
                .map(|word| words.words[*word].as_str())
                .collect::<Vec<_>>()
                .join(between)
        };
        written.push_str(&part(one));
        if !other.is_empty() {
            written.push_str(comma);
            written.push_str(&part(other));
        }
        written.push_str(if number % 5 == 4 { stop.trim_end() } else { stop });
        if number % 5 == 4 {
            written.push_str("\n\n");
        }
    }
    escape(written.trim_end()) + "\n"
}
