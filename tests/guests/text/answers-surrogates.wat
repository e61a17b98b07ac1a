;; Answers with half a pair of surrogates, which no string may have: "replaced" by 9 code units with
;; string-encoding=utf16. The host finds out while it reads the answer: it should become the fault
;; "trapped".
(memory (export "memory") 16)
(data (i32.const 1024) "\00\00\00\00\01\00\00\00\00\05\00\00\09\00\00\00")
(data (i32.const 1280) "{\00\22\00a\00\22\00:\00\22\00\00\d8\22\00}\00")
(func (export "realloc") (param i32 i32 i32 i32) (result i32)
  (i32.const 4096))
(func (export "transform")
  (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
  (result i32)
  (i32.const 1024))
(func (export "after") (param i32))
