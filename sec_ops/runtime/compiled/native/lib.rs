//! What is compiled (ADR 52, 65): for detection a sieve for lines of JSON and a search for many literals in a text; for
//! imports a reader of lines into columns.
//!
//! The sieve tells which lines may hold an event that a rule finds. It knows no rules and judges no value. Whoever drives
//! it answers what it asks: where events with certain names begin, which number a value of a field has, where numbers
//! lead. Each answer is remembered, so that a line of which everything was seen before costs one pass over its bytes and
//! no call. A line that is in any way unusual is let through.
//!
//! This file is the only door: a C interface without Python, so that one build serves every version of it.
#![deny(unsafe_op_in_unsafe_fn)]

mod columns;
mod hashing;
mod json;
mod keywords;
mod literals;
mod memory;
mod names;
mod strings;
mod walking;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice::{from_raw_parts, from_raw_parts_mut};

use literals::Literals;
use walking::{Batch, Sieve};

/// What every function returns when something went wrong inside; the sieve must not be used any more.
const BROKEN: i64 = -1;

/// Returns the digest of the source that this was built from, as it was given to the compiler.
#[no_mangle]
pub extern "C" fn source_digest() -> u64 {
    const DIGITS: &[u8] = env!("SOURCE_DIGEST").as_bytes();
    DIGITS.iter().fold(0, |sum, digit| (sum << 4) | u64::from((digit & 15) + (digit >> 6) * 9))
}

#[no_mangle]
pub extern "C" fn sieve_new() -> *mut Sieve {
    match catch_unwind(Sieve::new) {
        Ok(sieve) => Box::into_raw(Box::new(sieve)),
        Err(_) => std::ptr::null_mut(),
    }
}

/// Ends a sieve.
///
/// # Safety
/// `sieve` comes from `sieve_new` and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn sieve_free(sieve: *mut Sieve) {
    if !sieve.is_null() {
        let owned = unsafe { Box::from_raw(sieve) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(owned)));
    }
}

/// Forgets everything; numbers of keywords and nodes begin anew.
///
/// # Safety
/// `sieve` comes from `sieve_new`.
#[no_mangle]
pub unsafe extern "C" fn sieve_forget(sieve: *mut Sieve) -> i64 {
    guarded(|| {
        unsafe { &mut *sieve }.forget();
        0
    })
}

/// Takes a set of keywords' skeletons, between bytes of 255; returns the set's number.
///
/// # Safety
/// `sieve` comes from `sieve_new`; `data` has `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn sieve_keywords(sieve: *mut Sieve, data: *const u8, size: usize, numbers_hold_none: u32) -> i64 {
    guarded(|| {
        let (sieve, data) = unsafe { (&mut *sieve, items(data, size)) };
        sieve.add_keywords(data, numbers_hold_none != 0)
    })
}

/// Takes a node: its set of keywords, then place, class and memo of each of its fields; returns the node's number.
///
/// # Safety
/// `sieve` comes from `sieve_new`; `words` has `count` numbers.
#[no_mangle]
pub unsafe extern "C" fn sieve_node(sieve: *mut Sieve, words: *const u32, count: usize) -> i64 {
    guarded(|| {
        let (sieve, words) = unsafe { (&mut *sieve, items(words, count)) };
        sieve.add_node(words)
    })
}

/// Judges lines from the one at `from` on; returns the line it asks about, or how many lines there are.
///
/// `ends` are the lines' ends in `data`; a verdict is 1 for a line that is let through. With `answered` the answer to
/// what was asked last stands in `ask`, and `from` is the line it was asked about.
///
/// # Safety
/// `sieve` comes from `sieve_new`; `data` has `size` bytes, `ends` and `verdicts` have `count` entries, `ask` has
/// `walking::ASK_SIZE`; they don't overlap.
#[no_mangle]
pub unsafe extern "C" fn sieve_scan(
    sieve: *mut Sieve,
    data: *const u8,
    size: usize,
    ends: *const u32,
    verdicts: *mut u8,
    count: usize,
    from: usize,
    answered: u32,
    ask: *mut u32,
) -> i64 {
    guarded(|| {
        let (sieve, batch, ask) = unsafe {
            let batch = Batch {
                data: items(data, size),
                ends: items(ends, count),
                verdicts: room(verdicts, count),
            };
            (&mut *sieve, batch, room(ask, walking::ASK_SIZE))
        };
        sieve.scan(batch, from, answered != 0, ask)
    })
}

/// Takes literals side by side, and where each ends; returns null when something went wrong.
///
/// # Safety
/// `data` has `size` bytes, `ends` has `count` entries.
#[no_mangle]
pub unsafe extern "C" fn literals_new(data: *const u8, size: usize, ends: *const u32, count: usize) -> *mut Literals {
    let made = catch_unwind(|| {
        let (data, ends) = unsafe { (items(data, size), items(ends, count)) };
        Literals::new(data, ends)
    });
    match made {
        Ok(literals) => Box::into_raw(Box::new(literals)),
        Err(_) => std::ptr::null_mut(),
    }
}

/// # Safety
/// `literals` comes from `literals_new` and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn literals_free(literals: *mut Literals) {
    if !literals.is_null() {
        let owned = unsafe { Box::from_raw(literals) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(owned)));
    }
}

/// Writes the numbers of the literals that a text holds to `out`; returns how many there are.
///
/// # Safety
/// `literals` comes from `literals_new`; `text` has `size` bytes, `out` has `count` entries.
#[no_mangle]
pub unsafe extern "C" fn literals_search(
    literals: *mut Literals,
    text: *const u8,
    size: usize,
    out: *mut u32,
    count: usize,
) -> i64 {
    guarded(|| {
        let (literals, text, out) =
            unsafe { (&mut *literals, items(text, size), room(out, count)) };
        literals.search(text, out)
    })
}

/// Takes lines of flat JSON apart into columns; returns null when one is unusual or something went wrong.
///
/// # Safety
/// `data` has `size` bytes, `ends` has `count` entries.
#[no_mangle]
pub unsafe extern "C" fn columns_new(data: *const u8, size: usize, ends: *const u32, count: usize) -> *mut Vec<u8> {
    let made = catch_unwind(|| {
        let (data, ends) = unsafe { (items(data, size), items(ends, count)) };
        columns::read(data, ends)
    });
    match made {
        Ok(Some(whole)) => Box::into_raw(Box::new(whole)),
        _ => std::ptr::null_mut(),
    }
}

/// Returns how many bytes the columns take.
///
/// # Safety
/// `columns` comes from `columns_new`.
#[no_mangle]
pub unsafe extern "C" fn columns_size(columns: *const Vec<u8>) -> i64 {
    guarded(|| unsafe { &*columns }.len())
}

/// Writes the columns to `out`.
///
/// # Safety
/// `columns` comes from `columns_new`; `out` has `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn columns_write(columns: *const Vec<u8>, out: *mut u8, size: usize) -> i64 {
    guarded(|| {
        let (columns, out) = unsafe { (&*columns, room(out, size)) };
        out.copy_from_slice(columns);
        size
    })
}

/// # Safety
/// `columns` comes from `columns_new` and is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn columns_free(columns: *mut Vec<u8>) {
    if !columns.is_null() {
        let owned = unsafe { Box::from_raw(columns) };
        let _ = catch_unwind(AssertUnwindSafe(|| drop(owned)));
    }
}

/// # Safety
/// `first` is followed by `count` items that nobody changes, unless that is 0.
unsafe fn items<'a, T>(first: *const T, count: usize) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    unsafe { from_raw_parts(first, count) }
}

/// # Safety
/// `first` is followed by `count` items that nobody else sees, unless that is 0.
unsafe fn room<'a, T>(first: *mut T, count: usize) -> &'a mut [T] {
    if count == 0 {
        return &mut [];
    }
    unsafe { from_raw_parts_mut(first, count) }
}

fn guarded(work: impl FnOnce() -> usize) -> i64 {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(found) => i64::try_from(found).unwrap_or(BROKEN),
        Err(_) => BROKEN,
    }
}
