import Foundation
import VideoIO

/// Which video comes next: originals before the fakes that follow them, and those right after, so that what is known of an
/// original's frames is not kept for long.
final class HarvestSchedule: @unchecked Sendable {
  // Everything that changes is touched under `condition` only.

  /// A video to be done.
  struct Job {
    let video: DatasetVideo
    /// Its record if it is done: then it is read only for the fakes that follow it.
    let record: HarvestedVideo?
    /// Its original's place, if that is at hand and followed.
    let leader: String?
    /// How much work it is.
    var cost: Double { leader == nil ? 1 : 0.5 }
  }

  private let condition = NSCondition()
  private let options: HarvestOptions
  private var jobs: [Job] = []
  /// Jobs that may begin, the next one last.
  private var ready: [Int] = []
  private var followers: [String: [Int]] = [:]
  private var references: [String: VideoHarvester.Reference] = [:]
  /// Followers of an original that are not done yet, so that its reference can go with the last of them.
  private var waitingFollowers: [String: Int] = [:]
  private var running = 0
  private var progress: HarvestProgress
  private var doneWork = 0.0
  private var allWork = 0.0
  private var problem: (any Error)?
  private var left: [HarvestReport.Skipped] = []

  /// Jobs in all.
  var count: Int { condition.withLock { jobs.count } }
  /// Why the harvest cannot go on.
  var failure: (any Error)? { condition.withLock { problem } }
  /// Videos that could not be read.
  var skipped: [HarvestReport.Skipped] { condition.withLock { left } }

  /// - Parameters:
  ///   - videos: all videos.
  ///   - finished: the records of those that are done, by place.
  init(_ videos: [DatasetVideo], finished: [String: HarvestedVideo], _ options: HarvestOptions) {
    self.options = options
    progress = HarvestProgress(videos: finished.count, allVideos: videos.count, crops: 0, done: 0)
    let there = Set(videos.map(\.place))
    func leader(_ video: DatasetVideo) -> String? {
      guard options.followsOriginals, let place = video.originalPlace, there.contains(place) else {
        return nil
      }
      return finished[place]?.crops.isEmpty == true ? nil : place
    }
    let waiting = videos.filter { finished[$0.place] == nil }
    let leaders = Set(waiting.compactMap(leader))
    for video in videos {
      let record = finished[video.place]
      let job = Job(video: video, record: record, leader: leader(video))
      // What is done already counts as work that is done.
      allWork += job.cost
      if record != nil { doneWork += job.cost }
      guard record == nil || leaders.contains(video.place) else { continue }
      if let leader = job.leader {
        followers[leader, default: []].append(jobs.count)
      } else {
        ready.append(jobs.count)
      }
      jobs.append(job)
    }
    ready.reverse()
    progress.done = allWork > 0 ? doneWork / allWork : 1
  }

  /// Takes the next job; waits where one may still come. Nil at the end, or when the harvest cannot go on.
  func next() -> Job? {
    condition.withLock {
      while ready.isEmpty, running > 0, problem == nil { condition.wait() }
      guard problem == nil, let next = ready.popLast() else { return nil }
      running += 1
      return jobs[next]
    }
  }

  /// Does a job, and keeps what it gives in `store`.
  func work(
    on job: Job, by harvester: VideoHarvester, _ store: HarvestStore, _ context: HarvestContext
  ) throws {
    if let record = job.record {
      return end(job, try harvester.reference(of: job.video, record.crops), crops: 0, context.progress)
    }
    let harvest: VideoHarvester.Harvest
    if let leader = job.leader, let reference = condition.withLock({ references[leader] }) {
      harvest = try harvester.harvest(job.video, following: reference)
    } else {
      let isAlone = options.followsOriginals && job.video.label == .fake
      harvest = try harvester.harvest(job.video, pairing: isAlone ? .withoutOriginal : nil)
    }
    try store.keep(harvest, context)
    end(job, harvest.reference, crops: harvest.pictures.count, context.progress)
  }

  /// A video cannot be read.
  func skip(_ job: Job, _ error: VideoError, _ report: (HarvestProgress) -> Void) {
    condition.withLock {
      left.append(
        .init(
          dataset: job.video.dataset, path: job.video.path, reason: .unreadable, message: error.message))
    }
    end(job, nil, crops: 0, report)
  }

  /// Throws if the harvest cannot go on: then nobody needs to finish a video.
  func checkFailure() throws { if let failure { throw failure } }

  /// The harvest cannot go on.
  func fail(_ error: any Error) {
    condition.withLock {
      running -= 1
      if problem == nil { problem = error }
      condition.broadcast()
    }
  }

  private func end(
    _ job: Job, _ reference: VideoHarvester.Reference?, crops: Int, _ report: (HarvestProgress) -> Void
  ) {
    condition.withLock {
      running -= 1
      if let own = followers.removeValue(forKey: job.video.place) {
        // Without a reference each of them is on its own.
        references[job.video.place] = reference
        ready += own.reversed()
        waitingFollowers[job.video.place] = own.count
      }
      if let leader = job.leader, let count = waitingFollowers[leader] {
        waitingFollowers[leader] = count - 1
        if count == 1 {
          references[leader] = nil
          waitingFollowers[leader] = nil
        }
      }
      if job.record == nil {
        progress.videos += 1
        doneWork += job.cost
      }
      progress.crops += crops
      progress.done = min(1, doneWork / max(allWork, 1e-9))
      report(progress)
      condition.broadcast()
    }
  }
}
