//! The wire format of a program: the host writes it, the stage runs it.
//!
//! Little endian: header, registers (8 bytes each), instructions, data, relocations. The stage maps it writable, and
//! uses registers and data in place.
#![no_std]

pub const MAGIC: u32 = 0x746e_7572; // "runt"
pub const VERSION: u32 = 3;
pub const REGISTERS: usize = 32;
pub const MAX_ARGUMENTS: usize = 6;
pub const MAX_BRANCHES: usize = 6;
/// Where the instructions begin.
pub const CODE: usize = size_of::<Header>() + REGISTERS * 8;

/// In `Instruction::register`: the result is not kept.
pub const NO_REGISTER: u8 = 0xff;
/// In `Branch::errno`.
pub const ANY_ERRNO: u16 = 0xffff;
/// In `Branch::target`: the instruction that follows.
pub const NEXT: u16 = 0xffff;

/// In `Instruction::operation`.
pub mod operation {
    pub const CALL: u8 = 0;
    pub const SET: u8 = 1;
    pub const PEEK: u8 = 2;
    pub const POKE: u8 = 3;
    pub const JUMP: u8 = 4;
    pub const FAIL: u8 = 5;
    pub const EXIT: u8 = 6;
}

/// In `Instruction::register` of a jump.
pub mod condition {
    pub const ALWAYS: u8 = 0;
    pub const EQUAL: u8 = 1;
    pub const NOT_EQUAL: u8 = 2;
}

/// Two bits for each argument in `Instruction::kinds`.
pub mod kind {
    pub const CONSTANT: u16 = 0;
    /// An offset in the data, which becomes an address.
    pub const DATA: u16 = 1;
    pub const REGISTER: u16 = 2;
    /// The address of a register.
    pub const ADDRESS: u16 = 3;
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Header {
    pub magic: u32,
    pub version: u32,
    pub instructions: u32,
    pub size: u32,
    pub relocations: u32,
    /// Size of the data, a multiple of 8.
    pub data: u32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Branch {
    pub errno: u16,
    pub target: u16,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Instruction {
    pub operation: u8,
    /// Register for the result, or the condition of a jump.
    pub register: u8,
    pub branches: u8,
    pub reserved: u8,
    /// Of the system call.
    pub number: u16,
    pub kinds: u16,
    pub arguments: [u64; MAX_ARGUMENTS],
    pub branch: [Branch; MAX_BRANCHES],
}

/// At offset `at` of the data stands the address of what is at offset `to`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Relocation {
    pub at: u64,
    pub to: u64,
}
