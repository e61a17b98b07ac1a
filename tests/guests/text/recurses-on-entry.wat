;; Calls itself without end while the host asks it where to put its arguments. It should become
;; the fault "trapped".
(memory (export "memory") 16)
(func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.add
    (call $realloc (local.get 0) (local.get 1) (local.get 2) (local.get 3))
    (i32.const 1)))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 0))
(func (export "after") (param i32))
