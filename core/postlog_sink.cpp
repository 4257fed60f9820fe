#include "core/postlog_sink.hpp"

#include <utility>

#include "core/log_time.hpp"

namespace uflush {
namespace {

std::string short_host_name(std::string_view host) {
  const std::string_view label = host.substr(0, host.find('.'));
  return std::string(label.empty() ? "amnesiac" : label);
}

}  // namespace

PostlogSink::PostlogSink(std::string path, std::string_view host, std::string tag)
    : DatagramSink(std::move(path), "postlogd", Streams::refused),
      host_(short_host_name(host)),
      tag_(std::move(tag)) {}

std::string PostlogSink::format(Severity severity, std::string_view text, std::time_t when) const {
  return fmt::format("{} {} {}", log_time(when, LogDay::padded_with_zero), host_,
                     tagged(tag_, severity, text));
}

}  // namespace uflush
