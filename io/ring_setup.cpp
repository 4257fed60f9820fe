#include "io/ring_setup.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <sys/eventfd.h>
#include <unistd.h>

#include "io/optional_calls.hpp"
#include "io/result.hpp"

namespace uflush {
namespace {

/// Smaller rings are not tried when memory is short, unless they are asked for.
constexpr unsigned entries_min = 32;
/// More completions than the kernel grants.
constexpr std::size_t completions_limit = std::size_t{1} << 20;
/// Of Linux 6.15, later than our headers.
constexpr unsigned feature_no_iowait = 1U << 17;

/// Flags from best to plainest. Each step gives up something that an older kernel does not know.
constexpr std::array<unsigned, ring_flag_rungs> flag_ladder = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SINGLE_ISSUER,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    0,
};

struct NeededOpcode {
  int opcode;
  const char* name;
};

constexpr std::array<NeededOpcode, 7> needed_opcodes = {{
    {IORING_OP_POLL_ADD, "POLL_ADD"},
    {IORING_OP_RECV, "RECV"},
    {IORING_OP_SEND, "SEND"},
    {IORING_OP_CLOSE, "CLOSE"},
    {IORING_OP_CONNECT, "CONNECT"},
    {IORING_OP_FSYNC, "FSYNC"},
    {IORING_OP_ASYNC_CANCEL, "ASYNC_CANCEL"},
}};

/// One attempt: 0 or a negative errno.
int try_setup(unsigned entries, std::size_t ops_max, unsigned flags, io_uring& ring,
              io_uring_params& params) {
  params = {};
  params.flags = flags | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_R_DISABLED;
  // Each op has one; cancelling, posted sends and posted closes, which are over when they have been handed
  // over, may have another.
  params.cq_entries =
      static_cast<unsigned>(std::min(ops_max + entries + ring_spare_completions, completions_limit));
  return io_uring_queue_init_params(entries, &ring, &params);
}

/// Walks down the ladder while the kernel does not know the flags, and halves the ring while it lacks memory.
int climb_down(const RingWishes& wishes, io_uring& ring, io_uring_params& params) {
  int error = -EINVAL;
  for (std::size_t rung = wishes.first_rung; rung < flag_ladder.size(); ++rung) {
    unsigned entries = wishes.entries;
    std::size_t ops_max = wishes.ops_max;
    do {
      error = try_setup(entries, ops_max, flag_ladder[rung], ring, params);
      entries /= 2;
      ops_max /= 2;
    } while (error == -ENOMEM && entries >= entries_min);
    if (error != -EINVAL) break;
  }
  return error;
}

std::string words_for(int error) {
  switch (error) {
    case -ENOSYS:
      return "this kernel has no io_uring (Linux 5.11 or later has)";
    case -EPERM:
      return "io_uring is forbidden here: see sysctl kernel.io_uring_disabled, or the seccomp profile of the "
             "container";
    case -ENOMEM:
      return "no locked memory for the ring: raise RLIMIT_MEMLOCK (systemd: LimitMEMLOCK=)";
    case -EMFILE:
    case -ENFILE:
      return "no file descriptor left for the ring";
    default:
      return "io_uring_setup: " + Error{-error}.message();
  }
}

/// The first thing that is missing, or nothing.
std::string missing_feature(io_uring& ring, unsigned features) {
  if ((features & IORING_FEAT_NODROP) == 0) return "the kernel may drop completions (no IORING_FEAT_NODROP)";
  if ((features & IORING_FEAT_EXT_ARG) == 0)
    return "the kernel cannot wait with a time limit (no IORING_FEAT_EXT_ARG)";
  io_uring_probe* probe = io_uring_get_probe_ring(&ring);
  if (probe == nullptr) return "the kernel cannot tell its opcodes";
  std::string missing;
  for (const NeededOpcode& needed : needed_opcodes) {
    if (io_uring_opcode_supported(probe, needed.opcode) == 0) {
      missing = std::string("the kernel lacks the io_uring opcode ") + needed.name;
      break;
    }
  }
  io_uring_free_probe(probe);
  return missing;
}

/// Lets the ring do what we ask of it and nothing else, should somebody take over the process. True when the
/// kernel can.
bool restrict_to_needed(io_uring& ring) {
  std::array<io_uring_restriction, needed_opcodes.size() + 1> allowed{};
  for (std::size_t i = 0; i < needed_opcodes.size(); ++i) {
    allowed[i].opcode = IORING_RESTRICTION_SQE_OP;
    allowed[i].sqe_op = static_cast<std::uint8_t>(needed_opcodes[i].opcode);
  }
  allowed.back().opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED;
  allowed.back().sqe_flags = IOSQE_CQE_SKIP_SUCCESS;
  return io_uring_register_restrictions(&ring, allowed.data(), allowed.size()) == 0;
}

/// An eventfd that tells of completions and of work that will bring some; silent at first. poll(2) on the
/// ring itself does not tell of the latter (DEFER_TASKRUN). -1 when it cannot be had.
int make_work_event(io_uring& ring) {
  if (!may_use(OptionalCall::eventfd)) return -1;
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) return -1;
  if (io_uring_register_eventfd(&ring, event) == 0 && io_uring_cq_eventfd_toggle(&ring, false) == 0)
    return event;
  ::close(event);
  return -1;
}

/// Enters the kernel with a request that is in order, and takes its completion: seccomp profiles may allow to
/// make a ring and refuse to use it. 0 or a negative errno.
int try_out(io_uring& ring) {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring);
  io_uring_prep_cancel64(sqe, ~std::uint64_t{0}, 0);  // of nothing that there is: ENOENT
  io_uring_sqe_set_data64(sqe, 0);
  int answer = 0;
  do {
    answer = io_uring_submit_and_wait(&ring, 1);
  } while (answer == -EINTR || answer == -EAGAIN);
  if (answer < 0) return answer;
  io_uring_cqe* cqe = nullptr;
  if (io_uring_peek_cqe(&ring, &cqe) != 0) return -EIO;
  io_uring_cqe_seen(&ring, cqe);
  return 0;
}

}  // namespace

std::string RingFeatures::describe() const {
  std::string text = "io_uring: " + std::to_string(sq_entries) + " entries";
  if (defer_taskrun) text += ", DEFER_TASKRUN";
  if (coop_taskrun) text += ", COOP_TASKRUN";
  if (skip_success) text += ", CQE_SKIP_SUCCESS";
  if (restricted) text += ", restricted to the opcodes in use";
  return text;
}

std::variant<RingSetup, RingRefusal> set_up_ring(const RingWishes& wishes) {
  RingSetup setup{};
  io_uring_params params{};
  const int error = climb_down(wishes, setup.ring, params);
  if (error < 0) return RingRefusal{words_for(error)};

  std::string missing = missing_feature(setup.ring, params.features);
  if (!missing.empty()) {
    io_uring_queue_exit(&setup.ring);
    return RingRefusal{std::move(missing)};
  }
  // Saves a table look-up at each call; without it things work as well.
  const bool registered = io_uring_register_ring_fd(&setup.ring) == 1;
  const bool no_iowait = wishes.no_iowait && (params.features & feature_no_iowait) != 0;
  if (!no_iowait) setup.work_event = make_work_event(setup.ring);
  const bool restricted = restrict_to_needed(setup.ring);
  if (const int enabled = io_uring_enable_rings(&setup.ring); enabled < 0) {
    io_uring_queue_exit(&setup.ring);
    if (setup.work_event >= 0) ::close(setup.work_event);
    return RingRefusal{enabled == -EPERM ? words_for(enabled)
                                         : "io_uring_register(ENABLE_RINGS): " + Error{-enabled}.message()};
  }
  if (const int refused = try_out(setup.ring); refused < 0) {
    io_uring_queue_exit(&setup.ring);
    if (setup.work_event >= 0) ::close(setup.work_event);
    return RingRefusal{refused == -EPERM ? words_for(refused)
                                         : "io_uring_enter: " + Error{-refused}.message()};
  }
  io_uring_ring_dontfork(&setup.ring);
  setup.features = {.defer_taskrun = (params.flags & IORING_SETUP_DEFER_TASKRUN) != 0,
                    .coop_taskrun = (params.flags & IORING_SETUP_COOP_TASKRUN) != 0,
                    .skip_success = (params.features & IORING_FEAT_CQE_SKIP) != 0,
                    .restricted = restricted,
                    .no_iowait = no_iowait,
                    .registered = registered,
                    .sq_entries = params.sq_entries,
                    .cq_entries = params.cq_entries};
  return setup;
}

}  // namespace uflush
