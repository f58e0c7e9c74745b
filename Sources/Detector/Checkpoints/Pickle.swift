package import Tensor

/// What a pickle rebuilt. Containers live in the machine and are named by number: they may hold each other
/// in any way, and neither reading nor freeing them ever recurses.
package enum PickleValue: Hashable {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  /// Bytes or a number beyond 64 bits: of no use here.
  case opaque
  case list(Int)
  case tuple(Int)
  case dictionary(Int)
  case callable(PickleCallable)
  case storage(Int)
  case tensor(Int)
}

/// The only things that a pickle may name; each is done here, and none of them runs code of the file.
package enum PickleCallable: Hashable {
  case orderedDictionary, size, tensor, parameter
  case storageType(ElementType)

  init?(module: String, name: String) {
    switch (module, name) {
    case ("collections", "OrderedDict"): self = .orderedDictionary
    case ("torch", "Size"): self = .size
    case ("torch._utils", "_rebuild_tensor_v2"): self = .tensor
    case ("torch._utils", "_rebuild_parameter"): self = .parameter
    case ("torch", _), ("torch.storage", _), ("torch.cuda", _):
      guard let type = PickleCallable.storageTypes[name] else { return nil }
      self = .storageType(type)
    default: return nil
    }
  }

  static let storageTypes: [String: ElementType] = [
    "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16,
    "BFloat16Storage": .bfloat16,
    "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8,
    "ByteStorage": .uint8, "BoolStorage": .bool,
  ]
}

/// Numbers of one type that tensors look into.
package struct PickleStorage: Hashable {
  package var key: String
  package var type: ElementType
  package var count: Int
}

/// A view of a storage, in elements.
package struct PickleTensor: Hashable {
  package var storage: Int
  package var offset: Int
  package var shape: [Int]
  package var strides: [Int]
}

/// A machine for pickles of protocols 2 to 5 that knows only containers, numbers, strings and tensors.
///
/// Python's machine imports what a pickle names and calls it. This one compares the name with
/// ``PickleCallable`` and refuses the rest. What it holds is bounded by the length of the pickle.
package struct Pickle {
  private let bytes: [UInt8]
  /// How far it has read.
  package private(set) var position: Int
  package private(set) var lists: [[PickleValue]] = []
  package private(set) var tuples: [[PickleValue]] = [[]]
  package private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
  package private(set) var storages: [PickleStorage] = []
  package private(set) var tensors: [PickleTensor] = []
  private var storageNumbers: [PickleStorage: Int] = [:]
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  /// A machine that reads `bytes` from `position`.
  package init(_ bytes: [UInt8], at position: Int = 0) {
    self.bytes = bytes
    self.position = position
  }

  /// Runs to the end of one pickle and gives what it made.
  package mutating func run() throws(FileProblem) -> PickleValue {
    stack = []
    marks = []
    memo = [:]
    while true {
      let opcode = try byte()
      if opcode == UInt8(ascii: ".") { return try pop() }
      try step(opcode)
    }
  }

  private mutating func step(_ opcode: UInt8) throws(FileProblem) {
    switch opcode {
    case 0x80:  // PROTO
      let version = try byte()
      guard (2...5).contains(version) else {
        throw FileProblem(
          "is a pickle of protocol \(version); save it with torch.save in PyTorch 1.6 or later")
      }
    case 0x95: _ = try take(8)  // FRAME
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): stack.append(try top())
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "J"): stack.append(.int(Int(Int32(truncatingIfNeeded: try number(4)))))
    case UInt8(ascii: "K"): stack.append(.int(try number(1)))
    case UInt8(ascii: "M"): stack.append(.int(try number(2)))
    case 0x8a: try long(number(1))
    case 0x8b: try long(number(4))
    case UInt8(ascii: "G"):
      stack.append(.double(Double(bitPattern: try take(8).reduce(0) { $0 << 8 | UInt64($1) })))
    case UInt8(ascii: "X"), UInt8(ascii: "T"): try string(number(4))
    case 0x8c, UInt8(ascii: "U"): try string(number(1))
    case 0x8d: try string(number(8))
    case UInt8(ascii: "B"): try skip(number(4))
    case UInt8(ascii: "C"): try skip(number(1))
    case 0x8e, 0x96: try skip(number(8))
    case UInt8(ascii: "q"): memo[try number(1)] = try top()
    case UInt8(ascii: "r"): memo[try number(4)] = try top()
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "h"): try recall(number(1))
    case UInt8(ascii: "j"): try recall(number(4))
    case UInt8(ascii: "c"): try name(module: line(), line())
    case 0x93:
      guard case .string(let name) = try pop(), case .string(let module) = try pop() else { throw damaged }
      try self.name(module: module, name)
    case UInt8(ascii: "R"):
      let arguments = try tuple(pop())
      stack.append(try call(pop(), arguments))
    case UInt8(ascii: "Q"): try storage(tuple(pop()))
    default: try container(opcode)
    }
  }

  private mutating func container(_ opcode: UInt8) throws(FileProblem) {
    switch opcode {
    case UInt8(ascii: "]"), 0x8f: push(list: [])  // a set is as good as a list here
    case UInt8(ascii: ")"): stack.append(.tuple(0))
    case UInt8(ascii: "}"): push(dictionary: [])
    case UInt8(ascii: "t"), 0x91: push(tuple: try popToMark())
    case 0x85...0x87:
      let count = Int(opcode) - 0x84
      guard stack.count - (marks.last ?? 0) >= count else { throw damaged }
      let items = Array(stack.suffix(count))
      stack.removeLast(count)
      push(tuple: items)
    case UInt8(ascii: "a"): try append([pop()])
    case UInt8(ascii: "e"), 0x90: try append(popToMark())
    case UInt8(ascii: "s"):
      let value = try pop()
      try set([pop(), value])
    case UInt8(ascii: "u"): try set(popToMark())
    case UInt8(ascii: "b"):
      // State of an OrderedDict: PyTorch's `_metadata`, versions of modules.
      _ = try pop()
      guard case .dictionary = try top() else {
        throw FileProblem("holds an object with a state of its own; save only its state_dict()")
      }
    default:
      throw FileProblem(
        "has a pickle with opcode 0x\(String(opcode, radix: 16)) at byte \(position - 1): it is damaged, or "
          + "makes objects that are not rebuilt; save only a state_dict()")
    }
  }

  // MARK: Reading

  private var damaged: FileProblem {
    FileProblem("is damaged: its pickle makes no sense at byte \(position); get it again")
  }

  private mutating func byte() throws(FileProblem) -> UInt8 {
    guard position < bytes.count else { throw damaged }
    position += 1
    return bytes[position - 1]
  }

  private mutating func take(_ count: Int) throws(FileProblem) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else { throw damaged }
    position += count
    return bytes[(position - count)..<position]
  }

  private mutating func number(_ size: Int) throws(FileProblem) -> Int {
    let start = position
    _ = try take(size)
    return bytes.number(size, at: start)
  }

  private mutating func long(_ size: Int) throws(FileProblem) {
    let digits = try take(size)
    guard digits.count <= 8 else { return stack.append(.opaque) }
    let negative = (digits.last ?? 0) >= 0x80
    var value: UInt64 = negative ? .max : 0
    for digit in digits.reversed() { value = value << 8 | UInt64(digit) }
    stack.append(.int(Int(truncatingIfNeeded: value)))
  }

  private mutating func string(_ size: Int) throws(FileProblem) {
    stack.append(.string(String(decoding: try take(size), as: UTF8.self)))
  }

  private mutating func skip(_ size: Int) throws(FileProblem) {
    _ = try take(size)
    stack.append(.opaque)
  }

  private mutating func line() throws(FileProblem) -> String {
    guard let end = bytes[position...].firstIndex(of: 0x0a) else { throw damaged }
    let line = String(decoding: bytes[position..<end], as: UTF8.self)
    position = end + 1
    return line
  }

  // MARK: Stack and memo

  private func top() throws(FileProblem) -> PickleValue {
    guard stack.count > marks.last ?? 0 else { throw damaged }
    return stack[stack.count - 1]
  }

  private mutating func pop() throws(FileProblem) -> PickleValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func popToMark() throws(FileProblem) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw damaged }
    let items = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return items
  }

  private mutating func recall(_ number: Int) throws(FileProblem) {
    guard let value = memo[number] else { throw damaged }
    stack.append(value)
  }

  private mutating func push(list: [PickleValue]) {
    stack.append(.list(lists.count))
    lists.append(list)
  }

  private mutating func push(tuple: [PickleValue]) {
    stack.append(.tuple(tuples.count))
    tuples.append(tuple)
  }

  private mutating func push(dictionary: [(key: PickleValue, value: PickleValue)]) {
    stack.append(.dictionary(dictionaries.count))
    dictionaries.append(dictionary)
  }

  private mutating func append(_ items: [PickleValue]) throws(FileProblem) {
    guard case .list(let number) = try top() else { throw damaged }
    lists[number] += items
  }

  private mutating func set(_ items: [PickleValue]) throws(FileProblem) {
    guard case .dictionary(let number) = try top(), items.count % 2 == 0 else { throw damaged }
    for i in stride(from: 0, to: items.count, by: 2) { dictionaries[number].append((items[i], items[i + 1])) }
  }

  private func tuple(_ value: PickleValue) throws(FileProblem) -> [PickleValue] {
    guard case .tuple(let number) = value else { throw damaged }
    return tuples[number]
  }

  private func sizes(_ value: PickleValue) throws(FileProblem) -> [Int] {
    var sizes: [Int] = []
    let items = try tuple(value)
    guard items.count <= 32 else { throw damaged }
    for item in items {
      guard case .int(let size) = item else { throw damaged }
      sizes.append(size)
    }
    return sizes
  }

  // MARK: What may be named

  private mutating func name(module: String, _ name: String) throws(FileProblem) {
    guard let callable = PickleCallable(module: module, name: name) else {
      let named = quoted("\(module).\(name)")
      throw FileProblem(
        "names \(named), which is refused: only tensors, numbers, strings and containers are rebuilt, and "
          + "nothing is executed; save only a state_dict()")
    }
    stack.append(.callable(callable))
  }

  private mutating func call(
    _ callable: PickleValue, _ arguments: [PickleValue]
  ) throws(FileProblem) -> PickleValue {
    switch callable {
    case .callable(.orderedDictionary) where arguments.isEmpty:
      push(dictionary: [])
      return try pop()
    case .callable(.size) where arguments.count == 1:
      return arguments[0]
    case .callable(.tensor) where (6...7).contains(arguments.count):
      guard case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1] else {
        throw damaged
      }
      tensors.append(
        PickleTensor(
          storage: storage, offset: offset, shape: try sizes(arguments[2]), strides: try sizes(arguments[3])))
      return .tensor(tensors.count - 1)
    case .callable(.parameter) where arguments.count == 3:
      guard case .tensor = arguments[0] else { throw damaged }
      return arguments[0]
    default: throw damaged
    }
  }

  private mutating func storage(_ id: [PickleValue]) throws(FileProblem) {
    guard id.count >= 5, id[0] == .string("storage"), case .callable(.storageType(let type)) = id[1],
      case .string(let key) = id[2], case .int(let count) = id[4], count >= 0, count <= Int.max / 16
    else { throw damaged }
    let storage = PickleStorage(key: key, type: type, count: count)
    let number = storageNumbers[storage] ?? storages.count
    if number == storages.count {
      storages.append(storage)
      storageNumbers[storage] = number
    }
    stack.append(.storage(number))
  }
}
