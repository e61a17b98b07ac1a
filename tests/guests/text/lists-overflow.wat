;; Answers with a list of so many elements that the number of its bytes does not fit into 32 bits
;; (interface=transform-texts): cut off, it would be 8. It should become the fault "trapped".
(memory (export "memory") 64)
(data (i32.const 1024) "\00\00\00\00\00\08\00\00\56\55\55\55")
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 1024))
(func (export "after") (param i32))
