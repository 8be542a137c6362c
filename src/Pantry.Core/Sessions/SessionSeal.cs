using Pantry.Sessions.Curve;

namespace Pantry.Sessions;

/// <summary>Transport messages in a session: every frame is a MESSAGE command, whose flag says whether more follow.</summary>
internal static class SessionSeal
{
    public static byte[][] Seal(CurveSession session, byte[][] frames)
    {
        byte[][] sealedFrames = new byte[frames.Length][];
        for (int i = 0; i < frames.Length; i++)
            sealedFrames[i] = session.Seal(frames[i], more: i < frames.Length - 1);
        return sealedFrames;
    }

    /// <summary>The frames as they were sealed; null where the peer did not seal them, or not in this order.</summary>
    public static byte[][]? Open(CurveSession session, byte[][] sealedFrames)
    {
        byte[][] frames = new byte[sealedFrames.Length][];
        for (int i = 0; i < sealedFrames.Length; i++)
        {
            if (session.Open(sealedFrames[i], out byte[] frame, out bool more) != CurveFault.None || more != (i < sealedFrames.Length - 1))
                return null;
            frames[i] = frame;
        }

        return frames;
    }
}
