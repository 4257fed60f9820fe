#include "tools/flushctl/verdict.hpp"

#include <fmt/core.h>
#include <sysexits.h>

namespace uflush {
namespace {

std::string done_text(const Invocation& invocation) {
  switch (invocation.action) {
    case Action::add:
      return fmt::format("{} is in the logfile of {}", invocation.queue_id, invocation.site);
    case Action::send_site:
      return fmt::format("sent: what was deferred for {} is in the incoming queue", invocation.site);
    case Action::send_file:
      return fmt::format("sent: {}, if it was there", invocation.queue_id);
    case Action::refresh:
      return "accepted: old logfiles are being sent";
    case Action::purge:
      return "accepted: all logfiles are being sent";
    default:
      return "done";
  }
}

std::string bad_text(const Invocation& invocation) {
  switch (invocation.action) {
    case Action::add:
    case Action::send_file:
      return fmt::format("refused: \"{}\" is not a queue ID", invocation.queue_id);
    default:
      return "refused: the server calls the request malformed";
  }
}

Verdict judge_status(const Invocation& invocation, Status status) {
  // A ping is a request that every server refuses without doing or logging anything.
  if (invocation.action == Action::ping) return {EX_OK, "the flush service answers"};
  switch (status) {
    case Status::ok:
      return {EX_OK, done_text(invocation)};
    case Status::bad:
      return {EX_DATAERR, bad_text(invocation)};
    case Status::deny:
      return {EX_DATAERR,
              fmt::format("refused: \"{}\" is not eligible (fast_flush_domains), or not a domain name",
                          invocation.site)};
    case Status::fail:
      return {EX_TEMPFAIL, "failed: the reason is in the mail log"};
  }
  return {EX_PROTOCOL, fmt::format("unknown status {} in the answer", static_cast<int>(status))};
}

Verdict judge_silence(const NoAnswer& silence) {
  switch (silence.why) {
    case NoAnswer::Why::unreachable:
      return {EX_UNAVAILABLE, "no flush service: " + silence.detail};
    case NoAnswer::Why::not_permitted:
      return {EX_NOPERM, silence.detail};
    case NoAnswer::Why::silent:
      return {EX_TEMPFAIL, "no answer in time: " + silence.detail};
    case NoAnswer::Why::closed:
      return {EX_TEMPFAIL, "no answer: " + silence.detail};
    case NoAnswer::Why::not_flush:
      return {EX_PROTOCOL, silence.detail};
  }
  return {EX_SOFTWARE, silence.detail};
}

}  // namespace

Verdict judge(const Invocation& invocation, const Answer& answer) {
  if (const auto* silence = std::get_if<NoAnswer>(&answer)) return judge_silence(*silence);
  return judge_status(invocation, std::get<Status>(answer));
}

}  // namespace uflush
