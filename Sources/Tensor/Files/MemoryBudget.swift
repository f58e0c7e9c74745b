#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How much memory reading one file may take: twice the file's size, and two megabytes.
///
/// A file of half floats needs the first: its tensors take twice its size. Everything that a reader keeps is charged
/// before it is allocated, so a file that would fill the memory is an error and not the end of the process.
package struct MemoryBudget {
  /// What is granted beyond twice the file's size: small files have headers that are larger than their numbers.
  package static let allowance = 2 << 20

  private var left: Int
  private let isAllMemory: Bool

  /// The budget for a file of `size` bytes; never more than all memory, since a file with holes may be larger.
  package init(forFileOf size: Int) {
    let granted = 2 * min(size, Int.max / 4) + MemoryBudget.allowance
    isAllMemory = granted > MemoryBudget.allMemory
    left = min(granted, MemoryBudget.allMemory)
  }

  /// The bytes of memory of this machine.
  fileprivate static let allMemory: Int = {
    let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
    return pages > 0 && size > 0 ? pages * size : .max
  }()

  /// Takes `bytes` from what is left.
  package mutating func charge(_ bytes: Int) throws(FileProblem) {
    guard bytes <= left else {
      if isAllMemory { throw FileProblem("needs more memory than this machine has") }
      throw FileProblem(
        "would take many times its own size in memory, which no file of weights does; get it again, or save only "
          + "the weights")
    }
    left -= bytes
  }

  /// Gives back what was charged and is no longer held.
  package mutating func release(_ bytes: Int) { left += bytes }

  /// Charges what a tensor of `count` elements called `name` takes once it is in a dictionary of weights.
  package mutating func chargeTensor(count: Int, name: String) throws(FileProblem) {
    guard count <= Int.max / 8 else { return try charge(.max) }
    try charge(4 * count + 512 + 2 * name.utf8.count)
  }
}

/// An array that charges a budget for its capacity, also for the moment in which it grows and is there twice.
package struct BudgetedArray<Element> {
  /// What is in it.
  package private(set) var items: [Element] = []
  private var capacity = 0

  /// An empty array, which costs nothing.
  package init() {}

  /// The number of elements.
  package var count: Int { items.count }

  /// Makes room for `more` elements.
  private mutating func reserve(_ more: Int, _ budget: inout MemoryBudget) throws(FileProblem) {
    guard items.count + more > capacity else { return }
    let grown = max(32, items.count + more, capacity + capacity / 2)
    try budget.charge(grown * MemoryLayout<Element>.stride)
    items.reserveCapacity(grown)
    budget.release(capacity * MemoryLayout<Element>.stride)
    capacity = grown
  }

  /// Adds an element at the end.
  package mutating func append(_ element: Element, _ budget: inout MemoryBudget) throws(FileProblem) {
    if items.count == capacity { try reserve(1, &budget) }
    items.append(element)
  }

  /// Adds elements at the end.
  package mutating func append(_ elements: ArraySlice<Element>, _ budget: inout MemoryBudget)
    throws(FileProblem)
  {
    try reserve(elements.count, &budget)
    items.append(contentsOf: elements)
  }

  /// Takes the last element off; there must be one.
  package mutating func removeLast() -> Element { items.removeLast() }

  /// Takes everything off from `start` on.
  package mutating func removeAll(from start: Int) { items.removeSubrange(start...) }

  /// The element at `index`, which may be replaced.
  package subscript(index: Int) -> Element {
    get { items[index] }
    set { items[index] = newValue }
    _modify { yield &items[index] }
  }

  /// Frees the memory and gives back what it cost.
  package mutating func free(_ budget: inout MemoryBudget) {
    items = []
    budget.release(capacity * MemoryLayout<Element>.stride)
    capacity = 0
  }
}

extension FileProblem {
  /// Whether so much memory can be had: a file with holes may be larger than all memory, and a request that fails
  /// would end the process. Smaller requests are not tried.
  package static func checkMemory(_ bytes: Int) throws(FileProblem) {
    guard bytes >= 64 << 20 else { return }
    guard bytes <= MemoryBudget.allMemory, let block = malloc(bytes) else {
      throw FileProblem("needs \(bytes >> 20) MB of memory at once, which are not there")
    }
    free(block)
  }
}
