namespace Pantry.Protocol;

/// <summary>Why received frames are no message.</summary>
internal enum DecodeFault
{
    None,
    NoHeader,
    UnknownVersion,
    UnknownKind,
    WrongDirection,
    TooLarge,
    TooManyFrames,
    BadHead,
    BadFragment,
    NotSealed,
}
