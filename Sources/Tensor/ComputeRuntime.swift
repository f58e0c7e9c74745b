import CWhyFakeTensor
import Foundation

/// Threads and kernels that all tensor operations of the process share.
public enum ComputeRuntime {
  /// Threads that one operation is split over; one a core unless set. Networks (their logits, activations and training
  /// gradients) do not depend on it by a bit; products of tensor operations may in their last digits.
  public static var threads: Int {
    get { wf_threads() }
    set {
      precondition(newValue >= 0, "ComputeRuntime.threads: \(newValue)")
      wf_set_threads(newValue)
    }
  }

  /// Sets the whole process up for this library's work: for programs, to be called once at their start.
  ///
  /// OpenBLAS's matrix kernels are swapped for those that suit this CPU where OpenBLAS does not know it (older
  /// releases take newer Xeons for a Prescott, at a fifth of the speed), and OpenBLAS is kept to one thread, because
  /// this library splits the work itself. Both are process-wide, which is why a library never does it on its own: a
  /// program that uses OpenBLAS elsewhere may want neither, and everything works without. A user's
  /// `OPENBLAS_CORETYPE` and `OPENBLAS_NUM_THREADS` win.
  ///
  /// - Parameter threads: as ``threads``; nil leaves it.
  public static func prepareProcess(threads: Int? = nil) {
    if let threads { Self.threads = threads }
    if getenv("OPENBLAS_CORETYPE") == nil, let best = wf_blas_best_core(),
      !["SkylakeX", "Cooperlake", "Sapphirerapids", "Zen", "Haswell"].contains(blasCore)
    {
      _ = wf_blas_use_core(best)
    }
    if getenv("OPENBLAS_NUM_THREADS") == nil { wf_blas_set_threads(1) }
  }

  /// Gives back the memory that is kept for the next operation, up to 192 MiB: for programs whose computing is over.
  public static func releaseMemory() { wf_trim() }

  /// OpenBLAS's name for the matrix kernels in use, such as `SkylakeX`.
  public static var blasCore: String { String(cString: wf_blas_core_name()) }

  /// OpenBLAS's version, such as `0.3.21`; empty where it does not say.
  public static var blasVersion: String {
    let words = String(cString: wf_blas_build()).split(separator: " ")
    return words.count > 1 && words[0] == "OpenBLAS" ? String(words[1]) : ""
  }

  /// The kernels of the engine that runs networks: `avx512`, `avx2`, `neon` or `portable`, the best that the CPU has
  /// unless the environment variable `WHYFAKE_KERNELS` names another one that it has.
  public static var kernelSet: String { String(cString: wf_kernel_set()) }

  /// What computes, for reports: `avx512 kernels, OpenBLAS 0.3.21 SkylakeX, 2 threads`.
  public static var summary: String {
    let blas = ["OpenBLAS", blasVersion, blasCore].filter { !$0.isEmpty }.joined(separator: " ")
    return "\(kernelSet) kernels, \(blas), \(threads) \(threads == 1 ? "thread" : "threads")"
  }

  /// Calls `body` for the parts of `0..<count`, on several threads at once where that pays.
  ///
  /// - Parameters:
  ///   - count: how much there is to do.
  ///   - grain: the least that is worth a thread of its own.
  package static func split(_ count: Int, grain: Int = 1, _ body: (Range<Int>) -> Void) {
    guard count > 0 else { return }
    let parts = wf_is_worker() ? 1 : min(threads, (count + grain - 1) / max(grain, 1))
    guard parts > 1 else { return body(0..<count) }
    withoutActuallyEscaping(body) { body in
      var job = Job(count: count, parts: parts, body: body)
      withUnsafeMutablePointer(to: &job) { job in
        wf_parallel(
          Int32(parts),
          { context, thread, threads in
            // Safe: the call returns when all parts are done, and `body` touches only what its part owns.
            let job = context!.assumingMemoryBound(to: Job.self).pointee
            for part in stride(from: Int(thread), to: job.parts, by: Int(threads)) {
              let (start, end) = (job.count * part / job.parts, job.count * (part + 1) / job.parts)
              if start < end { job.body(start..<end) }
            }
          }, job)
      }
    }
  }

  /// `body` of each of `0..<count`, in order, computed on several threads at once.
  package static func map<R>(_ count: Int, _ body: (Int) -> R) -> [R] {
    var results = [R?](repeating: nil, count: count)
    results.withUnsafeMutableBufferPointer { results in
      split(count) { range in
        for i in range { results[i] = body(i) }
      }
    }
    return results.map { $0! }
  }

  /// Runs `body` with all its operations on the calling thread: for work in the background, which must not take the
  /// threads from what is waited for.
  package static func alone<R>(_ body: () throws -> R) rethrows -> R {
    let before = wf_is_worker()
    wf_set_worker(true)
    defer { wf_set_worker(before) }
    return try body()
  }

  /// What ``split(_:grain:_:)`` hands to the pool.
  private struct Job {
    let count: Int
    let parts: Int
    let body: (Range<Int>) -> Void
  }
}
