import { FullPage } from '../parts/full-page.tsx';

export default function NotFound() {
  return (
    <FullPage title="There is nothing here">
      <p>
        Conversations live on the front page. <a href="/">Go there.</a>
      </p>
    </FullPage>
  );
}
