#pragma once

#include <string>
#include <string_view>

#include "core/datagram_sink.hpp"

namespace uflush {

/// Sends records to postlogd(8): `Mmm dd hh:mm:ss HOST TAG[pid]: TEXT` (BEHAVIOUR.md 7.3). The reference
/// blocks while postlogd does not drain its socket, and loses what it cannot send.
class PostlogSink final : public DatagramSink {
 public:
  /// `host` is cut at its first dot, and `amnesiac` when empty.
  PostlogSink(std::string path, std::string_view host, std::string tag);

 private:
  [[nodiscard]] std::string format(Severity severity, std::string_view text, std::time_t when) const override;

  std::string host_;
  std::string tag_;
};

}  // namespace uflush
