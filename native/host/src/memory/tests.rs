use super::*;

/// Around every size that is copied in another way.
const SIZES: std::ops::Range<usize> = 0..80;

fn numbers() -> Vec<u8> {
    (0..200).collect()
}

#[test]
fn copies_what_is_asked_for_and_no_more() {
    for size in SIZES {
        let (from, mut to) = (numbers(), vec![255; 200]);
        // SAFETY: both have room for it.
        let end = unsafe { mempcpy(to[10..].as_mut_ptr().cast(), from[3..].as_ptr().cast(), size) };
        assert_eq!(end as usize, to[10 + size..].as_ptr() as usize);
        assert_eq!(to[10..10 + size], from[3..3 + size]);
        assert!(to[..10].iter().chain(&to[10 + size..]).all(|byte| *byte == 255), "{size}");
    }
}

#[test]
fn moves_in_both_directions() {
    for size in SIZES {
        for (to, from) in (80..100).map(|to| (to, 90)) {
            let (mut moved, mut expected) = (numbers(), numbers());
            expected.copy_within(from..from + size, to);
            let start = moved.as_mut_ptr().cast::<c_void>();
            // SAFETY: there is room for it.
            assert_eq!(unsafe { memmove(start.add(to), start.add(from), size) }, unsafe { start.add(to) });
            assert_eq!(moved, expected, "{size} from {from} to {to}");
        }
    }
}

#[test]
fn sets_bytes_and_characters() {
    for size in SIZES {
        let (mut bytes, mut characters) = (numbers(), vec![7; 100]);
        // SAFETY: there is room for it.
        unsafe { memset(bytes[5..].as_mut_ptr().cast(), 0x1ff, size) };
        assert!(bytes[5..5 + size].iter().all(|byte| *byte == 0xff) && bytes[5 + size] == 5 + size as u8);
        // SAFETY: as above.
        unsafe { wmemset(characters[5..].as_mut_ptr(), 70_000, size) };
        assert!(
            characters[5..5 + size].iter().all(|character| *character == 70_000) && characters[5 + size] == 7
        );
    }
}
