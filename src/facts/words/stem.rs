//! Light stems of English words as programmers use them. Invariant: works in place on lower-case ASCII, never lengthens,
//! leaves at least three bytes. It need not give words, only equal stems for `retry`, `retries`, `retried`, `retrying`.

/// Cuts plural, participle and agent endings off `word` (lower-case ASCII); the stem's length in bytes.
pub fn stem(word: &mut [u8]) -> usize {
    let mut len = plural(word);
    if len >= 5 {
        len = ending(&word[..len]);
    }
    match word[..len] {
        [.., b'y'] if len >= 3 && !is_vowel(word[len - 2]) => word[len - 1] = b'i',
        [.., b'e'] if len > 3 && !is_vowel(word[len - 2]) => len -= 1,
        _ => {}
    }
    len
}

/// Length without a plural ending; `ies` becomes `y`.
fn plural(word: &mut [u8]) -> usize {
    let len = word.len();
    if len < 4 {
        return len;
    }
    match *word {
        [.., b's' | b'u' | b'i', b's'] => len,
        [.., b'i', b'e', b's'] if len > 4 => {
            word[len - 3] = b'y';
            len - 2
        }
        [.., b's' | b'x' | b'z', b'e', b's'] | [.., b'c' | b's', b'h', b'e', b's'] => len - 2,
        [.., b's'] => len - 1,
        _ => len,
    }
}

/// Length without `ing`, `ed`, `er`, `or`, `ion`, `ly`, `ment` where enough of a word remains.
fn ending(word: &[u8]) -> usize {
    let len = word.len();
    let cut = match *word {
        [.., b'i', b'n', b'g'] => len - 3,
        [.., b'i', b'e', b'd'] => return len - 2,
        [.., b'e', b'd'] => len - 2,
        [.., b's' | b't', b'i', b'o', b'n'] if len >= 6 => len - 3,
        [.., b't', b'o', b'r'] if len >= 6 => len - 2,
        [.., b'e', b'r'] if len >= 6 => len - 2,
        [.., b'l', b'y'] if len >= 6 => len - 2,
        [.., b'm', b'e', b'n', b't'] if len >= 8 => len - 4,
        _ => return len,
    };
    if cut < 3 || !word[..cut].iter().any(|&b| is_vowel(b) || b == b'y') {
        return len;
    }
    undouble(&word[..cut])
}

/// `stopp` is `stop`; `call`, `pass`, `buzz` keep theirs.
fn undouble(word: &[u8]) -> usize {
    match *word {
        [.., a, b] if a == b && !is_vowel(a) && !matches!(a, b'l' | b's' | b'z') && word.len() > 3 => word.len() - 1,
        _ => word.len(),
    }
}

fn is_vowel(byte: u8) -> bool {
    matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u')
}
