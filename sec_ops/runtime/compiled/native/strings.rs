//! Strings of JSON: where they end, and what is in them.

/// What a string holds beside plain ASCII.
pub mod holds {
    pub const ESCAPES: u8 = 1;
    pub const CODES: u8 = 2;
    pub const OTHERS: u8 = 4;
}

/// Returns the place of the quote that ends the string whose first byte is at `at`, and what it holds.
///
/// None for what is no string, or one that the other path should look at: with a half of a surrogate pair. Whether
/// bytes above 127 are UTF-8 is not looked at.
pub fn end_of(line: &[u8], mut at: usize) -> Option<(usize, u8)> {
    let mut held = 0;
    loop {
        let (stop, others) = plain(line, at);
        if others {
            held |= holds::OTHERS;
        }
        match line.get(stop)? {
            b'"' => return Some((stop, held)),
            b'\\' => {
                held |= holds::ESCAPES;
                at = stop + 2;
                match line.get(stop + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        held |= holds::CODES;
                        at = after_code(line, stop + 2)?;
                    }
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

/// Returns the place after four hexadecimal digits, None where they are missing or stand for a surrogate.
fn after_code(line: &[u8], at: usize) -> Option<usize> {
    let digits = line.get(at..at + 4)?;
    let surrogate = matches!(digits[0], b'd' | b'D') && !digits[1].is_ascii_digit()
        || matches!(digits[0], b'd' | b'D') && digits[1] >= b'8';
    (digits.iter().all(u8::is_ascii_hexdigit) && !surrogate).then(|| at + 4)
}

/// Returns the first place with a quote, a backslash or a control character, and whether bytes above 127 come before it.
#[cfg(target_arch = "x86_64")]
fn plain(line: &[u8], mut at: usize) -> (usize, bool) {
    use std::arch::x86_64::*;
    let mut others = false;
    while let Some(block) = line.get(at..at + 16) {
        // SAFETY: every x86-64 processor has SSE2, and the block has the 16 bytes that are loaded, aligned or not.
        let (stops, high) = unsafe {
            let bytes = _mm_loadu_si128(block.as_ptr().cast());
            let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"' as i8));
            let slashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\' as i8));
            let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
            let stops = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, slashes), controls));
            (stops as u32, _mm_movemask_epi8(bytes) as u32)
        };
        if stops != 0 {
            let length = stops.trailing_zeros();
            return (at + length as usize, others || high & ((1 << length) - 1) != 0);
        }
        others |= high != 0;
        at += 16;
    }
    let (stop, more) = plain_slowly(line, at);
    (stop, others || more)
}

#[cfg(not(target_arch = "x86_64"))]
use plain_slowly as plain;

fn plain_slowly(line: &[u8], at: usize) -> (usize, bool) {
    let mut others = false;
    let rest = line.get(at..).unwrap_or(&[]);
    for (length, &byte) in rest.iter().enumerate() {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            return (at + length, others);
        }
        others |= byte > 127;
    }
    (line.len(), others)
}
