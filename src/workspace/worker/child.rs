//! The worker process itself: frames of texts in, frames of facts out. Invariants: it limits itself before it reads a
//! byte, opens nothing, starts nothing, and ends when its input ends. Must not know paths: it never sees one.

use std::process::ExitCode;

use super::protocol::{self, Request};
use crate::base::os::process::{ProcessLimits, be_nice, die_with_parent, limit_this_process, take_stdout};
use crate::syntax::extract::{Limits, extraction};
use crate::syntax::languages::Lang;

/// Smaller segments cost more than they save; larger ones are more than the longest text that is parsed.
const LEAST_SEGMENT: usize = 4 << 10;
const MOST_SEGMENT: usize = 4 << 20;

/// How a worker is started.
#[derive(Clone, Debug, Default)]
pub struct ChildOptions {
    /// The process that started it.
    pub parent: u32,
    /// Bytes of address space; 0: no limit.
    pub address_space: u64,
    /// Obey the fault marks in texts (tests).
    pub faults: bool,
    /// Bytes above which a text is cut into segments; 0: the language's own.
    pub segment_size: usize,
    /// Parsers that are kept from one text to the next; 0: all.
    pub parsers: usize,
    /// The same for some languages: `rust=65536`.
    pub segment_sizes: Vec<String>,
}

impl ChildOptions {
    /// What every worker does before it reads a byte: ends with its parent, opens and writes nothing, keeps within its
    /// memory. False where the parent is gone already.
    pub(super) fn confine(&self) -> bool {
        if !die_with_parent(self.parent) {
            return false;
        }
        limit_this_process(&ProcessLimits {
            address_space: (self.address_space > 0).then_some(self.address_space),
            open_files: Some(8),
            file_size: Some(0),
            cpu_seconds: None,
            core: Some(0),
        });
        true
    }
}

/// Runs until the input ends.
pub fn main(options: &ChildOptions) -> ExitCode {
    if !options.confine() {
        return ExitCode::FAILURE;
    }
    be_nice(5);
    // What a C library prints must not come between the frames.
    let Ok(mut output) = take_stdout() else { return ExitCode::FAILURE };
    let mut input = std::io::stdin().lock();
    if protocol::write_frame(&mut output, &protocol::hello()).is_err() {
        return ExitCode::FAILURE;
    }
    let segment_size = (options.segment_size > 0).then(|| options.segment_size.clamp(LEAST_SEGMENT, MOST_SEGMENT));
    let parsers = if options.parsers == 0 { usize::MAX } else { options.parsers };
    let limits_of = |lang: Lang| {
        let own = options.segment_sizes.iter().filter_map(|it| it.split_once('=')).find(|it| it.0 == lang.id());
        let own = own.and_then(|it| it.1.parse::<usize>().ok()).map(|it| it.clamp(LEAST_SEGMENT, MOST_SEGMENT));
        Limits { segment_size: own.or(segment_size), parsers, ..Limits::default() }
    };
    loop {
        let body = match protocol::read_frame(&mut input) {
            Ok(Some(body)) => body,
            Ok(None) => return ExitCode::SUCCESS,
            Err(_) => return ExitCode::FAILURE,
        };
        let mut rest = body.as_slice();
        while !rest.is_empty() {
            let Some(request) = protocol::take_request(&mut rest) else { return ExitCode::FAILURE };
            let answer = answer(&request, &limits_of(request.lang), options.faults);
            if protocol::write_frame(&mut output, &answer).is_err() {
                return ExitCode::FAILURE;
            }
        }
    }
}

fn answer(request: &Request<'_>, limits: &Limits, faults: bool) -> Vec<u8> {
    if faults {
        obey(request.text);
    }
    let made = extraction(request.lang, request.text, limits);
    protocol::put_answer(&made.segments, made.degraded)
}

/// Does what a fault mark in the text asks for: the tests' stand-in for a grammar that misbehaves.
fn obey(text: &str) {
    if text.contains("portolan-fault:abort") {
        std::process::abort();
    }
    if text.contains("portolan-fault:hang") {
        loop {
            std::hint::spin_loop();
        }
    }
    if text.contains("portolan-fault:allocate") {
        let mut kept = Vec::new();
        loop {
            kept.push(vec![1u8; 1 << 20]);
            std::hint::black_box(&kept);
        }
    }
}
