describe("a queue", () => {
//        ^^^^^^^ definition.test flags=test parent=none
  it.only('keeps order', async function () {
//         ^^^^^^^^^^^ definition.test flags=test
    const first = queue.take("x", () => 1)
//        ^^^^^ local.constant
  })
  test(`is empty`, () => {})
//      ^^^^^^^^ definition.test
  test("without a function")
//      ^^^^ nothing
})
