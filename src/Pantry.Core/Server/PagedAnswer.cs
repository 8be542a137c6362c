using Pantry.Protocol;

namespace Pantry.Server;

/// <summary>Answers that come in several messages: lists, page by page, no faster than the peer takes them.</summary>
internal static class PagedAnswer
{
    public static async Task PostListAsync<T>(this ServerSession session, Message request, MessageKind kind, IEnumerable<T> items, int pageSize, Func<IReadOnlyList<T>, bool, object> page)
    {
        foreach (T[] some in items.Chunk(pageSize))
            await session.PostPageAsync(request, kind, page(some, false)).ConfigureAwait(false);
        await session.PostPageAsync(request, kind, page([], true)).ConfigureAwait(false);
    }

    public static Task PostPageAsync(this ServerSession session, Message request, MessageKind kind, object page, params byte[][] bodies) =>
        session.PostBulkAsync(new Message(kind, page, request.Correlation) { Bodies = bodies }, default);
}
