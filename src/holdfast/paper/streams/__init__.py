"""What goes out unasked: user events and market streams, and who listens to which."""
