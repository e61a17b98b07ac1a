;; Says that its answer lies beyond its memory. The host finds out when the guest has already
;; returned: it should become the fault "trapped".
(memory (export "memory") 16)
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 0x7ffffff0))
(func (export "after") (param i32))
