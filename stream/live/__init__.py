"""The room, all day: live sources with their masks, shown, recorded, and never lying."""
