;; Answers with 100,000 times the same megabyte, which lies only once in its memory
;; (interface=transform-texts). The host must not copy it for each: it should become the fault
;; "output too large".
(memory (export "memory") 64)
(data (i32.const 1024) "\00\00\00\00\00\00\20\00\a0\86\01\00")
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (local $at i32)
  (memory.fill (i32.const 1048576) (i32.const 120) (i32.const 1000000))
  (local.set $at (i32.const 2097152))
  (loop $next
    (i32.store (local.get $at) (i32.const 1))
    (i32.store offset=4 (local.get $at) (i32.const 1048576))
    (i32.store offset=8 (local.get $at) (i32.const 1000000))
    (local.set $at (i32.add (local.get $at) (i32.const 12)))
    (br_if $next (i32.lt_u (local.get $at) (i32.const 3297152))))
  (i32.const 1024))
(func (export "after") (param i32))
