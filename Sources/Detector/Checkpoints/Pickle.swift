package import Tensor

/// A machine for pickles of protocols 2 to 5 that knows only containers, numbers, texts and tensors.
///
/// Python's machine imports what a pickle names and calls it. This one compares the name with ``PickleCallable`` and
/// refuses the rest. All that it keeps is charged to a budget, and each opcode takes a time that does not depend on
/// what came before, or is charged for what it copies.
package struct Pickle {
  /// Texts longer than this are no names of tensors and are not kept.
  private static let longestText = 1024

  package private(set) var budget: MemoryBudget
  private var texts = BudgetedArray<UInt8>()
  private var tuples = BudgetedArray<PickleValue>()
  private var lists = BudgetedArray<[PickleValue]>()
  private var dictionaries = BudgetedArray<[(key: PickleValue, value: PickleValue)]>()
  private var storageList = BudgetedArray<PickleStorage>()
  private var tensorList = BudgetedArray<PickleTensor>()
  private var storageNumbers: [PickleStorage: UInt32] = [:]

  private var stack = BudgetedArray<PickleValue>()
  private var marks = BudgetedArray<Int>()
  private var memo = BudgetedArray<PickleValue?>()

  /// A machine that keeps within `budget`.
  package init(_ budget: MemoryBudget) { self.budget = budget }

  /// The storages that tensors were made of.
  package var storages: [PickleStorage] { storageList.items }

  /// The tensors that were made.
  package var tensors: [PickleTensor] { tensorList.items }

  /// A dictionary's keys and values, in order.
  package func entries(_ dictionary: UInt32) -> [(key: PickleValue, value: PickleValue)] {
    dictionaries[Int(dictionary)]
  }

  /// A list's elements.
  package func elements(_ list: UInt32) -> [PickleValue] { lists[Int(list)] }

  /// A value as text; nil if it is something else.
  package func text(_ value: PickleValue) -> String? {
    guard case .text(let start, let count) = value else { return nil }
    return String(decoding: texts.items[Int(start)..<Int(start + count)], as: UTF8.self)
  }

  /// A tuple of whole numbers, at most 32; nil if it is something else.
  package func integers(_ value: PickleValue) -> [Int]? {
    guard case .tuple(let start, let count) = value, count <= 32 else { return nil }
    var numbers: [Int] = []
    for item in tuples.items[Int(start)..<Int(start + count)] {
      guard case .int(let number) = item else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  /// Runs to the end of one pickle and gives what it made; several may follow one another.
  package mutating func run(_ source: inout PickleSource) throws(FileProblem) -> PickleValue {
    while true {
      let opcode = try source.byte()
      if opcode == UInt8(ascii: ".") { break }
      try step(opcode, &source)
    }
    let result = try pop(source)
    stack.free(&budget)
    marks.free(&budget)
    memo.free(&budget)
    return result
  }

  // MARK: Opcodes

  private mutating func step(_ opcode: UInt8, _ source: inout PickleSource) throws(FileProblem) {
    switch opcode {
    case 0x80:  // PROTO
      let version = try source.byte()
      guard (2...5).contains(version) else {
        throw FileProblem(
          "is a pickle of protocol \(version); save it with torch.save in PyTorch 1.6 or later")
      }
    case 0x95: try source.skip(8)  // FRAME
    case UInt8(ascii: "("): try marks.append(stack.count, &budget)
    case UInt8(ascii: "0"): _ = try pop(source)
    case UInt8(ascii: "1"): stack.removeAll(from: try mark(source))
    case UInt8(ascii: "2"): try push(top(source))
    case UInt8(ascii: "N"): try push(.none)
    case 0x88: try push(.bool(true))
    case 0x89: try push(.bool(false))
    case UInt8(ascii: "J"): try push(.int(Int(Int32(truncatingIfNeeded: source.number(4)))))
    case UInt8(ascii: "K"): try push(.int(source.number(1)))
    case UInt8(ascii: "M"): try push(.int(source.number(2)))
    case UInt8(ascii: "I"), UInt8(ascii: "L"):
      // Python 2 writes numbers beyond 32 bits as a line, also in protocol 2.
      let line = try source.line()
      guard let value = Int(line.last == "L" ? line.dropLast() : line[...]) else {
        throw source.damaged("has no number")
      }
      try push(.int(value))
    case 0x8a: try long(source.number(1), &source)
    case 0x8b: try long(source.number(4), &source)
    case UInt8(ascii: "G"): try opaque(8, &source)
    case UInt8(ascii: "X"), UInt8(ascii: "T"): try text(source.number(4), &source)
    case 0x8c, UInt8(ascii: "U"): try text(source.number(1), &source)
    case 0x8d: try text(source.number(8), &source)
    case UInt8(ascii: "B"): try opaque(source.number(4), &source)
    case UInt8(ascii: "C"): try opaque(source.number(1), &source)
    case 0x8e, 0x96: try opaque(source.number(8), &source)
    case UInt8(ascii: "q"): try memorise(source.number(1), source)
    case UInt8(ascii: "r"): try memorise(source.number(4), source)
    case 0x94: try memorise(memo.count, source)
    case UInt8(ascii: "h"): try recall(source.number(1), source)
    case UInt8(ascii: "j"): try recall(source.number(4), source)
    default: try container(opcode, &source)
    }
  }

  private mutating func container(_ opcode: UInt8, _ source: inout PickleSource) throws(FileProblem) {
    switch opcode {
    case UInt8(ascii: "]"): try list(from: stack.count, source)
    case UInt8(ascii: "l"): try list(from: mark(source), source)
    case UInt8(ascii: "a"): try append(from: stack.count - 1, source)
    case UInt8(ascii: "e"): try append(from: mark(source), source)
    case UInt8(ascii: "}"): try dictionary(from: stack.count, source)
    case UInt8(ascii: "d"): try dictionary(from: mark(source), source)
    case UInt8(ascii: "s"): try set(from: stack.count - 2, source)
    case UInt8(ascii: "u"): try set(from: mark(source), source)
    case UInt8(ascii: ")"): try push(.tuple(at: 0, count: 0))
    case 0x85...0x87: try push(tuple(from: stack.count - Int(opcode - 0x84), source))
    case UInt8(ascii: "t"): try push(tuple(from: mark(source), source))
    case 0x8f: try push(.opaque)  // EMPTY_SET
    case 0x90: stack.removeAll(from: try mark(source))  // ADDITEMS
    case 0x91:  // FROZENSET
      stack.removeAll(from: try mark(source))
      try push(.opaque)
    default: try object(opcode, &source)
    }
  }

  /// The opcodes that name and call.
  private mutating func object(_ opcode: UInt8, _ source: inout PickleSource) throws(FileProblem) {
    switch opcode {
    case UInt8(ascii: "c"): try push(name(module: source.line(), source.line()))
    case 0x93:  // STACK_GLOBAL
      guard let name = text(try pop(source)), let module = text(try pop(source)) else {
        throw source.damaged("names no function")
      }
      try push(self.name(module: module, name))
    case UInt8(ascii: "R"), 0x81:  // REDUCE, NEWOBJ
      let arguments = try pop(source)
      try push(call(pop(source), arguments, source))
    case 0x92:  // NEWOBJ_EX, whose named arguments no tensor has
      _ = try pop(source)
      let arguments = try pop(source)
      try push(call(pop(source), arguments, source))
    case UInt8(ascii: "i"):  // INST
      let callable = try name(module: source.line(), source.line())
      try push(call(callable, tuple(from: mark(source), source), source))
    case UInt8(ascii: "o"):  // OBJ
      let start = try mark(source)
      guard start < stack.count else { throw source.damaged("calls nothing") }
      let arguments = try tuple(from: start + 1, source)
      try push(call(pop(source), arguments, source))
    case UInt8(ascii: "b"):  // BUILD: attributes, which nothing here has
      _ = try pop(source)
      _ = try top(source)
    case UInt8(ascii: "Q"): try storage(pop(source), source)
    case 0x82, 0x83, 0x84:
      throw FileProblem(
        "calls an extension by its number, which is refused: nothing is executed; save only a state_dict()")
    default:
      throw source.damaged("has the unknown opcode \(opcode)")
    }
  }

  private mutating func long(_ size: Int, _ source: inout PickleSource) throws(FileProblem) {
    guard size <= 8 else { return try opaque(size, &source) }
    let digits = try source.bytes(size)
    var value: UInt64 = (digits.last ?? 0) >= 0x80 ? .max : 0
    for digit in digits.reversed() { value = value << 8 | UInt64(digit) }
    try push(.int(Int(truncatingIfNeeded: value)))
  }

  private mutating func text(_ size: Int, _ source: inout PickleSource) throws(FileProblem) {
    guard size <= Pickle.longestText else { return try opaque(size, &source) }
    let start = texts.count
    try texts.append(source.bytes(size)[...], &budget)
    try push(.text(at: UInt32(start), count: UInt32(size)))
  }

  private mutating func opaque(_ size: Int, _ source: inout PickleSource) throws(FileProblem) {
    try source.skip(size)
    try push(.opaque)
  }

  // MARK: Stack and memo

  private mutating func push(_ value: PickleValue) throws(FileProblem) { try stack.append(value, &budget) }

  private func top(_ source: borrowing PickleSource) throws(FileProblem) -> PickleValue {
    guard stack.count > marks.items.last ?? 0 else { throw source.damaged("takes what is not there") }
    return stack[stack.count - 1]
  }

  private mutating func pop(_ source: borrowing PickleSource) throws(FileProblem) -> PickleValue {
    _ = try top(source)
    return stack.removeLast()
  }

  /// Takes the last mark off and says where it was.
  private mutating func mark(_ source: borrowing PickleSource) throws(FileProblem) -> Int {
    guard marks.count > 0 else { throw source.damaged("lacks a mark") }
    return marks.removeLast()
  }

  /// Checks that the stack's part from `start` on may be taken.
  private func check(_ start: Int, _ source: borrowing PickleSource) throws(FileProblem) {
    guard start >= marks.items.last ?? 0 else { throw source.damaged("takes what is not there") }
  }

  private mutating func memorise(_ number: Int, _ source: borrowing PickleSource) throws(FileProblem) {
    let value = try top(source)
    // Writers count from 0 or 1, and leave small holes at most.
    guard number <= memo.count + 256 else { throw source.damaged("remembers too far ahead") }
    while memo.count <= number { try memo.append(nil, &budget) }
    memo[number] = value
  }

  private mutating func recall(_ number: Int, _ source: borrowing PickleSource) throws(FileProblem) {
    guard number < memo.count, let value = memo[number] else { throw source.damaged("recalls nothing") }
    try push(value)
  }

  // MARK: Containers

  private mutating func tuple(
    from start: Int, _ source: borrowing PickleSource
  ) throws(FileProblem) -> PickleValue {
    try check(start, source)
    let place = tuples.count
    for item in start..<stack.count { try tuples.append(stack[item], &budget) }
    stack.removeAll(from: start)
    return .tuple(at: UInt32(place), count: UInt32(tuples.count - place))
  }

  private mutating func list(from start: Int, _ source: borrowing PickleSource) throws(FileProblem) {
    try lists.append([], &budget)
    try fill(lists.count - 1, from: start, source)
    try push(.list(UInt32(lists.count - 1)))
  }

  private mutating func append(from start: Int, _ source: borrowing PickleSource) throws(FileProblem) {
    try check(start, source)
    guard start > marks.items.last ?? 0 else { throw source.damaged("fills nothing") }
    switch stack[start - 1] {
    case .list(let number): try fill(Int(number), from: start, source)
    case .opaque: stack.removeAll(from: start)
    default: throw source.damaged("fills what is no list")
    }
  }

  private mutating func fill(
    _ number: Int, from start: Int, _ source: borrowing PickleSource
  ) throws(FileProblem) {
    try check(start, source)
    for item in start..<stack.count {
      // An array doubles: twice there, and once more while it moves.
      try budget.charge(lists[number].isEmpty ? 64 + 3 * 16 : 3 * 16)
      lists[number].append(stack[item])
    }
    stack.removeAll(from: start)
  }

  private mutating func dictionary(from start: Int, _ source: borrowing PickleSource) throws(FileProblem) {
    try dictionaries.append([], &budget)
    try fill(dictionary: dictionaries.count - 1, from: start, source)
    try push(.dictionary(UInt32(dictionaries.count - 1)))
  }

  private mutating func set(from start: Int, _ source: borrowing PickleSource) throws(FileProblem) {
    try check(start, source)
    guard start > marks.items.last ?? 0 else { throw source.damaged("fills nothing") }
    switch stack[start - 1] {
    case .dictionary(let number): try fill(dictionary: Int(number), from: start, source)
    case .opaque: stack.removeAll(from: start)
    default: throw source.damaged("fills what is no dictionary")
    }
  }

  private mutating func fill(
    dictionary number: Int, from start: Int, _ source: borrowing PickleSource
  ) throws(FileProblem) {
    try check(start, source)
    guard (stack.count - start) % 2 == 0 else { throw source.damaged("has a key without its value") }
    for place in stride(from: start, to: stack.count, by: 2) {
      try add(stack[place], stack[place + 1], to: number)
    }
    stack.removeAll(from: start)
  }

  private mutating func add(
    _ key: PickleValue, _ value: PickleValue, to dictionary: Int
  ) throws(FileProblem) {
    try budget.charge(dictionaries[dictionary].isEmpty ? 64 + 3 * 32 : 3 * 32)
    dictionaries[dictionary].append((key, value))
  }

  // MARK: What may be named and called

  private func name(module: String, _ name: String) throws(FileProblem) -> PickleValue {
    guard let callable = PickleCallable(module: module, name: name) else {
      throw FileProblem(
        "names \(quoted("\(module).\(name)")), which is refused: only tensors, numbers, strings and containers are "
          + "rebuilt, and nothing is executed; save only a state_dict()")
    }
    return .callable(callable)
  }

  private mutating func call(
    _ callable: PickleValue, _ arguments: PickleValue, _ source: borrowing PickleSource
  ) throws(FileProblem) -> PickleValue {
    guard case .callable(let callable) = callable, case .tuple(let start, let count) = arguments else {
      throw source.damaged("calls what is no function")
    }
    func argument(_ i: Int) -> PickleValue { tuples[Int(start) + i] }
    switch callable {
    case .opaque: return .opaque
    case .dictionary:
      try dictionaries.append([], &budget)
      let number = dictionaries.count - 1
      if count > 0 { try copy(argument(Int(count) - 1), to: number, source) }
      return .dictionary(UInt32(number))
    case .size where count == 1:
      return argument(0)
    case .tensor where count == 4 || count == 6 || count == 7:
      guard case .storage(let storage) = argument(0), case .int(let offset) = argument(1) else { break }
      let tensor = PickleTensor(
        storage: storage, offset: offset, shape: argument(2), strides: argument(3))
      try tensorList.append(tensor, &budget)
      return .tensor(UInt32(tensorList.count - 1))
    case .parameter where count == 3 || count == 4:
      if case .tensor = argument(0) { return argument(0) }
    default: break
    }
    throw source.damaged("calls a function with what does not fit it")
  }

  /// Puts into a new dictionary what it is made of: another one, or a list of pairs (`OrderedDict` in Python 2). A
  /// `defaultdict`'s factory holds nothing.
  private mutating func copy(
    _ content: PickleValue, to number: Int, _ source: borrowing PickleSource
  ) throws(FileProblem) {
    switch content {
    case .callable, .none, .opaque: return
    case .dictionary(let other):
      for (key, value) in dictionaries[Int(other)] { try add(key, value, to: number) }
    case .list(let list):
      for pair in lists[Int(list)] {
        switch pair {
        case .list(let items) where lists[Int(items)].count == 2:
          try add(lists[Int(items)][0], lists[Int(items)][1], to: number)
        case .tuple(let start, 2): try add(tuples[Int(start)], tuples[Int(start) + 1], to: number)
        default: throw source.damaged("has a dictionary of what are no pairs")
        }
      }
    default: throw source.damaged("has a dictionary of what are no pairs")
    }
  }

  private mutating func storage(
    _ id: PickleValue, _ source: borrowing PickleSource
  ) throws(FileProblem) {
    guard case .tuple(let start, let length) = id, length == 5 || length == 6,
      case let item = tuples.items[Int(start)..<Int(start + length)], case let first = item.startIndex,
      text(item[first]) == "storage", case .callable(.storageType(let type)) = item[first + 1],
      let key = text(item[first + 2]), case .int(let count) = item[first + 4], count >= 0,
      count <= Int.max / 16
    else { throw source.damaged("has a storage that makes no sense") }
    var storage = PickleStorage(key: key, type: type, count: count, view: 0..<count)
    if length == 6, case .tuple(let place, 3) = item[first + 5] {
      // A view: its key, where it begins in the storage and how many numbers it has.
      guard case .int(let begin) = tuples[Int(place) + 1], case .int(let size) = tuples[Int(place) + 2],
        begin >= 0, size >= 0, begin <= count, size <= count - begin
      else { throw source.damaged("has a view beyond its storage") }
      storage.view = begin..<(begin + size)
    }
    if let number = storageNumbers[storage] { return try push(.storage(number)) }
    try budget.charge(256 + 2 * key.utf8.count)
    try storageList.append(storage, &budget)
    storageNumbers[storage] = UInt32(storageList.count - 1)
    try push(.storage(UInt32(storageList.count - 1)))
  }
}
