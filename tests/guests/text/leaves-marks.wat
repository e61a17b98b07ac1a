;; Looks for what an earlier call has left in its memory, its global, its table and its
;; data, then leaves the payload's mark in all of them and looks again. It answers with how
;; much it found, as hexadecimal digits: {"memory":["00000000","0007fd00"],"global":[...],
;; "table":[...],"data":[...]}, each first before it left anything and then afterwards.
;;
;; The mark is the payload's 8 bytes behind `{"mark":"`. With a mark that begins with `!`
;; it then runs into `unreachable`, which should become the fault "trapped". With one that
;; begins with `~` it computes for some seconds first, and does not touch what it has marked.
(memory (export "memory") 8)
(table $table 64 funcref)
(global $global (mut i64) (i64.const 0))
(global $free (mut i32) (i32.const 4096))

;; What is returned: ok (0), replaced (1), the text's place and its length.
(data (i32.const 16) "\00\00\00\00\01\00\00\00\00\04\00\00\82\00\00\00")
(data (i32.const 1024)
  "{\"memory\":[\"........\",\"........\"],\"global\":[\"........\",\"........\"],\"table\":[\"........\",\"........\"],\"data\":[\"........\",\"........\"]}")

;; What is the same at the beginning of each call: a page of its own.
(data (i32.const 393216) "the data")

;; Arguments lie one behind the other from 4,096 on; none is freed.
(func (export "realloc") (param i32 i32 i32) (param $size i32) (result i32)
  (local $place i32)
  (local.set $place (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -16)))
  (global.set $free (i32.add (local.get $place) (local.get $size)))
  (local.get $place))

;; Where memory ends.
(func $end (result i32) (i32.shl (memory.size) (i32.const 16)))

;; The first word behind the arguments; the data is not among what is looked through.
(func $fresh (result i32)
  (i32.and (i32.add (global.get $free) (i32.const 15)) (i32.const -8)))

;; The next word, unless that is the data.
(func $after_word (param $at i32) (result i32)
  (local.set $at (i32.add (local.get $at) (i32.const 8)))
  (i32.add (local.get $at) (i32.shl (i32.eq (local.get $at) (i32.const 393216)) (i32.const 3))))

;; How many words of fresh memory are not zero.
(func $in_memory (result i32)
  (local $at i32) (local $found i32)
  (local.set $at (call $fresh))
  (loop $next
    (local.set $found (i32.add (local.get $found) (i64.ne (i64.load (local.get $at)) (i64.const 0))))
    (local.set $at (call $after_word (local.get $at)))
    (br_if $next (i32.lt_u (local.get $at) (call $end))))
  (local.get $found))

;; How many elements of the table are not null.
(func $in_table (result i32)
  (local $at i32) (local $found i32)
  (loop $next
    (local.set $found (i32.add (local.get $found)
      (i32.eqz (ref.is_null (table.get $table (local.get $at))))))
    (local.set $at (i32.add (local.get $at) (i32.const 1)))
    (br_if $next (i32.lt_u (local.get $at) (table.size $table))))
  (local.get $found))

;; Writes eight digits.
(func $write (param $at i32) (param $number i32)
  (local $last i32) (local $digit i32)
  (local.set $last (local.get $at))
  (local.set $at (i32.add (local.get $at) (i32.const 7)))
  (loop $next
    (local.set $digit (i32.and (local.get $number) (i32.const 15)))
    (i32.store8 (local.get $at) (i32.add (local.get $digit)
      (select (i32.const 0x57) (i32.const 0x30) (i32.gt_u (local.get $digit) (i32.const 9)))))
    (local.set $number (i32.shr_u (local.get $number) (i32.const 4)))
    (local.set $at (i32.sub (local.get $at) (i32.const 1)))
    (br_if $next (i32.ge_u (local.get $at) (local.get $last)))))

;; Reports what is there, at the first or the second place of each pair.
(func $report (param $offset i32)
  (call $write (i32.add (i32.const 1036) (local.get $offset)) (call $in_memory))
  (call $write (i32.add (i32.const 1069) (local.get $offset))
    (i64.ne (global.get $global) (i64.const 0)))
  (call $write (i32.add (i32.const 1101) (local.get $offset)) (call $in_table))
  (call $write (i32.add (i32.const 1132) (local.get $offset))
    (i64.ne (i64.load (i32.const 393216)) (i64.const 0x6174616420656874))))

;; Leaves the mark in every word of fresh memory, in the global, and wherever the table
;; has an element.
(func $leave (param $mark i64)
  (local $at i32)
  (local.set $at (call $fresh))
  (loop $next
    (i64.store (local.get $at) (local.get $mark))
    (local.set $at (call $after_word (local.get $at)))
    (br_if $next (i32.lt_u (local.get $at) (call $end))))
  (i64.store (i32.const 393216) (local.get $mark))
  (global.set $global (local.get $mark))
  (table.fill $table (i32.const 0) (ref.func $after) (table.size $table)))

(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (param $payload i32) (param i32)
  (result i32)
  (local $mark i64)
  ;; Grown memory and a grown table may come from elsewhere than the first of them.
  (if (i32.eq (memory.grow (i32.const 56)) (i32.const -1)) (then unreachable))
  (if (i32.eq (table.grow $table (ref.null func) (i32.const 8128)) (i32.const -1)) (then unreachable))
  (local.set $mark (i64.load (i32.add (local.get $payload) (i32.const 9))))
  (call $report (i32.const 0))
  (call $leave (local.get $mark))
  (call $report (i32.const 11))
  (if (i64.eq (i64.and (local.get $mark) (i64.const 0xff)) (i64.const 0x7e))
    (then (call $compute (i64.const 2000000000))))
  (if (i64.eq (i64.and (local.get $mark) (i64.const 0xff)) (i64.const 0x21)) (then unreachable))
  (i32.const 16))

;; So many steps, in registers.
(func $compute (param $steps i64)
  (loop $next
    (local.set $steps (i64.sub (local.get $steps) (i64.const 1)))
    (br_if $next (i64.ne (local.get $steps) (i64.const 0)))))

(func $after (export "after") (param i32))
