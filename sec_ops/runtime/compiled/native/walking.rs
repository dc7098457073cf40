//! Lines led to their verdict, node by node, by what was answered before; what is new is asked.

use crate::hashing::Random;
use crate::json::{read, Kind, Value};
use crate::keywords::Keywords;
use crate::memory::{Class, Field, Memo, Node};
use crate::names::{Names, UNKNOWN};

/// Numbers of the two ends of every way; nodes follow.
const NOTHING: u32 = 0;
const THROUGH: u32 = 1;
const ENDS: u32 = 2;
/// Longer values are let through with their lines.
const LONG_VALUE: u32 = 65_536;
/// So many bytes are remembered, about.
const BOUND: usize = 64 * 1024 * 1024;

/// What is asked stands first: 1 for where these names begin (the count is theirs), 2 for numbers of values, 3 for where numbers lead, 4 to
/// forget everything, for the bound is passed. Then the node, a count, and that many times three numbers for 2 (memo,
/// begin and end of the value in the data), or one for 3. An answer stands in their place: for 1 and 3 the node first,
/// for 2 the first of each three.
pub const ASK_SIZE: usize = HEAD + 3 * 512;
const HEAD: usize = 3;

pub struct Batch<'a> {
    pub data: &'a [u8],
    pub ends: &'a [u32],
    pub verdicts: &'a mut [u8],
}

pub struct Sieve {
    random: Random,
    names: Names,
    nodes: Vec<Node>,
    memos: Vec<Memo>,
    keywords: Vec<Keywords>,
    remembered: usize,
    values: Vec<Value>,
    room: Vec<u8>,
    /// The line at hand: what its names are, its node, the numbers of its values there, those that were asked.
    place: u32,
    node: u32,
    numbers: Vec<u32>,
    asked: Vec<usize>,
    question: u32,
}

enum Step {
    Done(bool),
    Ask,
}

impl Sieve {
    pub fn new() -> Self {
        let random = Random::new();
        Sieve {
            random,
            names: Names::new(random),
            nodes: Vec::new(),
            memos: Vec::new(),
            keywords: Vec::new(),
            remembered: 0,
            values: Vec::new(),
            room: Vec::new(),
            place: 0,
            node: NOTHING,
            numbers: Vec::new(),
            asked: Vec::new(),
            question: 0,
        }
    }

    /// Writes what is asked about the line that starts at `start`.
    fn write(&self, start: u32, ask: &mut [u32]) {
        ask[0] = self.question;
        ask[1] = self.node;
        match self.question {
            1 => ask[2] = self.values.len() as u32,
            2 => {
                ask[2] = self.asked.len() as u32;
                let fields = &self.nodes[(self.node - ENDS) as usize].fields;
                for (words, &at) in ask[HEAD..].chunks_exact_mut(3).zip(&self.asked) {
                    let value = self.values[fields[at].place as usize];
                    words.copy_from_slice(&[fields[at].memo, start + value.start, start + value.end]);
                }
            }
            3 => {
                ask[2] = self.numbers.len() as u32;
                ask[HEAD..HEAD + self.numbers.len()].copy_from_slice(&self.numbers);
            }
            _ => ask[2] = 0,
        }
    }

    pub fn forget(&mut self) {
        self.names = Names::new(self.random);
        self.nodes.clear();
        self.memos.clear();
        self.keywords.clear();
        self.remembered = 0;
        self.question = 0;
    }

    pub fn add_keywords(&mut self, data: &[u8], numbers_hold_none: bool) -> usize {
        let texts = data.split(|&byte| byte == 255).filter(|text| !text.is_empty());
        let skeletons = texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        self.keywords.push(Keywords::new(skeletons, numbers_hold_none, self.random));
        self.keywords.len() - 1
    }

    pub fn add_node(&mut self, words: &[u32]) -> usize {
        let fields: Vec<Field> = words[1..].chunks_exact(3).map(field).collect();
        let memos = fields.iter().map(|each| each.memo as usize + 1).max().unwrap_or(0);
        while self.memos.len() < memos {
            self.memos.push(Memo::new(self.random));
        }
        self.nodes.push(Node::new(fields, words[0], self.random));
        self.nodes.len() - 1 + ENDS as usize
    }

    pub fn scan(&mut self, batch: Batch, from: usize, answered: bool, ask: &mut [u32]) -> usize {
        for at in from..batch.ends.len() {
            let start = if at == 0 { 0 } else { batch.ends[at - 1] };
            let line = &batch.data[start as usize..batch.ends[at] as usize];
            let step = if answered && at == from { self.goes_on(line, ask) } else { self.begins(line) };
            match step {
                Step::Done(through) => batch.verdicts[at] = u8::from(through),
                Step::Ask => {
                    self.write(start, ask);
                    return at;
                }
            }
        }
        batch.ends.len()
    }

    fn begins(&mut self, line: &[u8]) -> Step {
        if self.size() > BOUND {
            self.question = 4;
            return Step::Ask;
        }
        match read(line, &mut self.names, &mut self.values) {
            None => Step::Done(true),
            Some(place) => {
                self.place = place;
                self.node = self.names.plan(place);
                if self.node == UNKNOWN {
                    self.question = 1;
                    return Step::Ask;
                }
                self.walk(line)
            }
        }
    }

    fn size(&self) -> usize {
        self.remembered + self.names.size() + self.keywords.iter().map(Keywords::size).sum::<usize>()
    }

    fn goes_on(&mut self, line: &[u8], ask: &[u32]) -> Step {
        match self.question {
            1 => {
                self.node = ask[0];
                self.names.set_plan(self.place, self.node);
                self.walk(line)
            }
            2 => {
                self.take_numbers(line, ask);
                if self.follow() { self.walk(line) } else { Step::Ask }
            }
            3 => {
                let next = ask[0];
                self.remembered += self.nodes[(self.node - ENDS) as usize].set(&self.numbers, next);
                self.node = next;
                self.walk(line)
            }
            _ => self.begins(line),
        }
    }

    fn take_numbers(&mut self, line: &[u8], ask: &[u32]) {
        for (count, &at) in self.asked.iter().enumerate() {
            let number = ask[HEAD + 3 * count];
            let field = self.nodes[(self.node - ENDS) as usize].fields[at];
            let value = self.values[field.place as usize];
            let text = &line[value.start as usize..value.end as usize];
            self.remembered += self.memos[field.memo as usize].set(text, number);
            self.numbers[at] = number;
        }
    }

    fn walk(&mut self, line: &[u8]) -> Step {
        while self.node >= ENDS {
            if !self.look_up(line) {
                return Step::Done(true);
            }
            if !self.asked.is_empty() {
                self.question = 2;
                return Step::Ask;
            }
            if !self.follow() {
                return Step::Ask;
            }
        }
        Step::Done(self.node == THROUGH)
    }

    /// Goes to the node that the numbers lead to, if that is known; else asks.
    fn follow(&mut self) -> bool {
        match self.nodes[(self.node - ENDS) as usize].get(&self.numbers) {
            Some(next) => {
                self.node = next;
                true
            }
            None => {
                self.question = 3;
                false
            }
        }
    }

    /// Looks the values of the node's fields up; returns false for a value that the other path has to look at.
    fn look_up(&mut self, line: &[u8]) -> bool {
        self.numbers.clear();
        self.asked.clear();
        let node = &self.nodes[(self.node - ENDS) as usize];
        for field in node.fields.iter() {
            let value = self.values[field.place as usize];
            if value.kind == Kind::Nested || value.end - value.start > LONG_VALUE {
                return false;
            }
            let text = &line[value.start as usize..value.end as usize];
            let keywords = &mut self.keywords[node.keywords as usize];
            if field.class == Class::Apart {
                if !absent(keywords, value.kind, text, &mut self.room) {
                    return false;
                }
                continue;
            }
            let memo = &mut self.memos[field.memo as usize];
            let mut number = if memo.varied { None } else { memo.get(text) };
            if number.is_none() && field.class == Class::Keyword {
                if absent(keywords, value.kind, text, &mut self.room) {
                    self.remembered += memo.set_free(text);
                    number = Some(0);
                } else if memo.varied {
                    number = memo.get(text);
                }
            }
            if number.is_none() {
                self.asked.push(self.numbers.len());
            }
            self.numbers.push(number.unwrap_or(UNKNOWN));
        }
        true
    }
}

/// Reads a field's place, class and memo. Fields without a number come last, so that numbers stand as fields do.
fn field(words: &[u32]) -> Field {
    let class = match words[1] {
        0 => Class::Tested,
        1 => Class::Keyword,
        _ => Class::Apart,
    };
    Field { place: words[0], class, memo: words[2] }
}

fn absent(keywords: &mut Keywords, kind: Kind, text: &[u8], room: &mut Vec<u8>) -> bool {
    match kind {
        Kind::Text => keywords.absent(&text[1..text.len() - 1], room),
        Kind::Number => keywords.numbers_hold_none,
        Kind::Null | Kind::Rich | Kind::Nested => false,
    }
}
