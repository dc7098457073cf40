//! One pass over a line of JSON: the values of its outer object, by place.
//!
//! What is taken is a part of what JSON allows: everything else is for the other path to look at.

use crate::names::Names;
use crate::strings::{end_of, holds};

const DEPTH: usize = 64;
const DIGITS: usize = 15;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string that is its own text, but for simple escapes; all ASCII.
    Text,
    /// Any other string.
    Rich,
    /// A number or a truth value.
    Number,
    Null,
    Nested,
}

/// A value's bytes in its line, a string's quotes among them.
#[derive(Clone, Copy)]
pub struct Value {
    pub start: u32,
    pub end: u32,
    pub kind: Kind,
}

/// Reads the object that a line is: its values into `values`; returns what its names are, None when it is unusual.
pub fn read(line: &[u8], names: &mut Names, values: &mut Vec<Value>) -> Option<u32> {
    values.clear();
    let mut reader = Reader { line, at: 0, others: false };
    reader.skip();
    reader.take(b'{')?;
    reader.skip();
    let mut place = names.first();
    if !reader.takes(b'}') {
        loop {
            place = reader.name(names, place)?;
            values.push(reader.value(0)?);
            reader.skip();
            if reader.takes(b'}') {
                break;
            }
            reader.take(b',')?;
            reader.skip();
        }
    }
    reader.skip();
    let whole = reader.at == line.len() && (!reader.others || std::str::from_utf8(line).is_ok());
    whole.then(|| place)
}

struct Reader<'a> {
    line: &'a [u8],
    at: usize,
    /// Whether bytes above 127 came so far.
    others: bool,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn takes(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        self.takes(wanted).then(|| ())
    }

    fn skip(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads a name and the colon after it.
    fn name(&mut self, names: &mut Names, before: u32) -> Option<u32> {
        self.take(b'"')?;
        let found = match names.expected(before, &self.line[self.at..]) {
            Some((place, length)) => {
                self.at += length;
                place
            }
            None => {
                let (end, held) = end_of(self.line, self.at)?;
                if held & holds::ESCAPES != 0 {
                    return None;
                }
                self.others |= held & holds::OTHERS != 0;
                let place = names.after(before, &self.line[self.at..end])?;
                self.at = end;
                place
            }
        };
        self.at += 1;
        self.skip();
        self.take(b':')?;
        self.skip();
        Some(found)
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let start = self.at as u32;
        let kind = match self.peek()? {
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word(b"true", Kind::Number)?,
            b'f' => self.word(b"false", Kind::Number)?,
            b'n' => self.word(b"null", Kind::Null)?,
            b'[' => self.list(depth)?,
            b'{' => self.object(depth)?,
            _ => return None,
        };
        Some(Value { start, end: self.at as u32, kind })
    }

    fn string(&mut self) -> Option<Kind> {
        let (end, held) = end_of(self.line, self.at + 1)?;
        self.at = end + 1;
        self.others |= held & holds::OTHERS != 0;
        Some(if held & (holds::CODES | holds::OTHERS) == 0 { Kind::Text } else { Kind::Rich })
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Option<Kind> {
        self.line[self.at..].starts_with(word).then(|| {
            self.at += word.len();
            kind
        })
    }

    /// Takes numbers of few digits without an exponent: the same to every reader of JSON.
    fn number(&mut self) -> Option<Kind> {
        let negative = self.takes(b'-');
        let start = self.at;
        let zero = self.peek() == Some(b'0');
        let mut count = self.digits();
        if count == 0 || zero && (count > 1 || negative) {
            return None;
        }
        if self.takes(b'.') {
            let parts = self.digits();
            if parts == 0 {
                return None;
            }
            count = self.at - start;
        }
        let over = count > DIGITS || matches!(self.peek(), Some(b'e' | b'E'));
        (!over).then(|| Kind::Number)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn list(&mut self, depth: usize) -> Option<Kind> {
        self.inside(depth, b']', |reader| reader.value(depth + 1).map(|_| ()))
    }

    fn object(&mut self, depth: usize) -> Option<Kind> {
        self.inside(depth, b'}', |reader| {
            if reader.peek() != Some(b'"') {
                return None;
            }
            reader.string()?;
            reader.skip();
            reader.take(b':')?;
            reader.skip();
            reader.value(depth + 1).map(|_| ())
        })
    }

    fn inside(&mut self, depth: usize, end: u8, mut part: impl FnMut(&mut Self) -> Option<()>) -> Option<Kind> {
        if depth >= DEPTH {
            return None;
        }
        self.at += 1;
        self.skip();
        if self.takes(end) {
            return Some(Kind::Nested);
        }
        loop {
            part(self)?;
            self.skip();
            if self.takes(end) {
                return Some(Kind::Nested);
            }
            self.take(b',')?;
            self.skip();
        }
    }
}
