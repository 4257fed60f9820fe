/// What a client may ask for (BEHAVIOUR.md 2.2).
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace uflush {

/// "Mail `queue_id` for `site` is deferred": append it to the site's logfile. Views into the receive buffer;
/// neither is checked yet.
struct AddRequest {
  std::string_view site;
  std::string_view queue_id;
};

/// "Deliver what is deferred for `site`."
struct SendSiteRequest {
  std::string_view site;
};

/// "Deliver this one message."
struct SendFileRequest {
  std::string_view queue_id;
};

/// Send the logs that are older than fast_flush_refresh_time (`rfrsh` and the wake-up `W`). The reply goes
/// out before the work.
struct RefreshRequest {};

/// As refresh, for every log. The reply goes out before the work.
struct PurgeRequest {};

using FlushRequest = std::variant<AddRequest, SendSiteRequest, SendFileRequest, RefreshRequest, PurgeRequest>;

/// Appends the request in the bytes that the stock clients send. Texts must not hold a NUL.
void append_request(std::string& out, const FlushRequest& request);

}  // namespace uflush
